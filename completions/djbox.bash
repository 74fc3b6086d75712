# SPDX-License-Identifier: 0BSD
#
# Completion for bash: . djbox.bash
#
# Options; services for svc, svok and svstat; accounts; and in a chain of tools (envdir ./env setuidgid nobody
# tcpserver ...) each tool's own. A word without a slash completes to a service in $SERVICEDIR, or in /service; where
# nothing is in that, in /etc/service, as svscanboot has it. What is not known here is a file name.

# The letters of a tool's options, a colon behind those that take an argument.
_djbox_options() {
  case $1 in
    rblsmtpd) echo bBcCt:r:a: ;;
    setlock) echo nNxX ;;
    softlimit) echo a:c:d:f:l:m:o:p:r:s:t: ;;
    svc) echo udopchaitkx ;;
    tcpclient) echo dDvqQhHrRi:p:t:T:l: ;;
    tcpserver) echo dDvqQhHrR1UXx:t:u:g:l:b:B:c:pPoO ;;
  esac
}

# What a tool's operands are; behind `program` there is another command line.
_djbox_operands() {
  case $1 in
    argv0) echo command word ;;
    djbox) echo tool ;;
    envdir) echo directory program ;;
    envuidgid | setuidgid) echo account program ;;
    fghack | fixcrio | pgrphack | rblsmtpd | recordio | softlimit) echo program ;;
    setlock) echo path program ;;
    supervise | svscan) echo directory ;;
    svc | svstat) echo services ;;
    svok) echo service ;;
    tcpclient | tcpserver) echo word word program ;;
    *) echo file ;;
  esac
}

_djbox_services() {
  local dir=${SERVICEDIR:-/service} found
  found=$(compgen -d -- "$dir/$1")
  [ -n "$found" ] || [ -n "$SERVICEDIR" ] || found=$(compgen -d -- "/etc/service/$1")
  case $1 in
    */*) found= ;;
  esac
  if [ -n "$found" ]; then echo "$found"; else compgen -d -- "$1"; fi
}

# The words that begin with $2 and are what $1 says, a line each.
_djbox_words() {
  local IFS=$' \t\n'
  case $1 in
    account) compgen -u -- "$2" ;;
    command | program) compgen -c -- "$2" ;;
    directory) compgen -d -- "$2" ;;
    option) compgen -W "$(_djbox_options "$3" | sed 's/://g; s/./-& /g')" -- "$2" ;;
    page) compgen -W "$(djbox help 2>/dev/null | sed 's/(.*//')" -- "$2" ;;
    service | services) _djbox_services "$2" ;;
    tool) compgen -W "help --help --list --version $(djbox --list 2>/dev/null)" -- "$2" ;;
  esac
}

# What the word to be completed is, into `kind`, and whose, into `tool`: reads the command line from the left.
_djbox_kind() {
  local letters operands word letter
  tool=${1##*/}
  shift
  letters=$(_djbox_options "$tool")
  operands=($(_djbox_operands "$tool"))
  while [ $# -gt 0 ]; do
    word=$1
    shift
    if [ -n "$letters" ] && [[ $word == -* ]]; then
      if [ $# -eq 0 ]; then
        kind=option
        return
      fi
      letter=${word: -1}
      if [[ $letters == *"$letter:"* ]]; then
        kind=file
        [ $# -gt 1 ] || return 0
        shift
      fi
      continue
    fi
    letters=
    kind=${operands[0]:-file}
    [ $# -gt 0 ] || return 0
    case $kind in
      program)
        _djbox_kind "$word" "$@"
        return
        ;;
      tool)
        if [ "$word" != help ]; then
          _djbox_kind "$word" "$@"
          return
        fi
        operands=(page)
        ;;
      file | page | services) ;; # and more of them
      *) operands=("${operands[@]:1}") ;;
    esac
  done
}

_djbox() {
  local cur=${COMP_WORDS[COMP_CWORD]} kind=file tool
  local IFS=$' \t\n'
  _djbox_kind "${COMP_WORDS[@]:0:COMP_CWORD+1}"
  IFS=$'\n'
  COMPREPLY=($(_djbox_words "$kind" "$cur" "$tool"))
  case $kind in
    directory | file | path | service*) compopt -o filenames 2>/dev/null ;;
  esac
}

complete -o default -F _djbox argv0 djbox envdir envuidgid fghack fixcrio pgrphack rblsmtpd recordio \
  setlock setuidgid softlimit supervise svc svok svscan svstat tcpclient tcpserver
