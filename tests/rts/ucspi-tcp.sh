# SPDX-License-Identifier: 0BSD
# A walk through every program of ucspi-tcp. $1 is the folder of the tools that serve, $2 that of the tools of the client's side. Run
# by /bin/sh in an empty folder, in a network of its own: ports are fixed. What it prints must not depend on time or chance.
exec 2>&1
ip link set lo up
SYSTEM=/usr/bin:/bin:/usr/sbin:/sbin
serving=$1:$SYSTEM
PATH=$2:$SYSTEM
export PATH

await() {
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || { echo "not within time: $*"; return; }
    sleep .02
  done
}
# Starts tcpserver with the arguments behind the port; its log goes to log.PORT. The pid is in $server.
serve() {
  port=$1
  shift
  PATH=$serving tcpserver "$@" >log.$port 2>&1 & server=$!
  await listens $port
}
listens() {
  ss -ltn | grep -q ":$1 "
}
# What a log says, without pids and the client's port.
log() {
  sed 's/\(pid\|ok\|deny\|end\) [0-9]*/\1 N/; s/:[0-9]*$/:P/' log.$1
}
# Whether $2 connections have ended.
idle() {
  [ "$(grep -c ': end ' log.$1)" = $2 ] && tail -1 log.$1 | grep -q 'status: 0/'
}
# What the client says on descriptor 7, and then what it hears.
say() {
  echo "printf '$1' >&7; perl -e 'open S, \"<&=7\"; shutdown S, 1'; cat <&6"
}
environment() {
  # shellcheck disable=SC2016
  echo 'echo "$PROTO"; for v in TCPLOCALIP TCPLOCALPORT TCPLOCALHOST TCPREMOTEIP TCPREMOTEHOST TCPREMOTEINFO; do eval "echo $v=\${$v-unset}"; done; echo "port ${TCPREMOTEPORT:+set}"'
}

echo '--- usage'
for program in tcpserver tcprules tcprulescheck; do (PATH=$serving $program); echo $?; done
for program in tcpclient argv0 recordio fixcrio rblsmtpd; do $program; echo $?; done
tcpclient -z; echo $?
(PATH=$serving tcpserver -z); echo $?
(PATH=$serving tcprules x); echo $?
rblsmtpd -z; echo $?
argv0 x; echo $?
tcpclient 0 x; echo $?

echo '--- argv0 sets argv0'
argv0 sh whatever -c 'echo "$0"; tr "\000" "|" </proc/$$/cmdline; echo'; echo $?
argv0 ./nothing whatever; echo $?

echo '--- addcr and delcr'
printf 'a\nb\r\n\nc' | addcr | od -A n -c; echo $?
printf 'a\r\nb\r\r\n\n\rc\r' | delcr | od -A n -c; echo $?
printf 'a\nb\n' | addcr | delcr

echo '--- fixcrio'
printf 'in\nin\r\nlast' | fixcrio sh -c 'od -A n -c; printf "out\nout\r\nlast"' | od -A n -c; echo $?
fixcrio sh -c 'exit 7' </dev/null; echo $?
fixcrio ./nothing; echo $?

echo '--- recordio'
# The order of lines of both directions is chance: one at a time.
printf 'hello\nworld' | recordio sh -c 'cat >/dev/null' 2>&1 | sed 's/^[0-9]*/N/'; echo $?
recordio sh -c 'echo one; echo two; printf three; exit 4' </dev/null 2>&1 >/dev/null | sed 's/^[0-9]*/N/' | grep -v '<'
recordio sh -c 'exit 4' </dev/null >/dev/null 2>&1; echo $?
recordio ./nothing </dev/null 2>&1 >/dev/null | sed 's/^[0-9]*/N/' | grep -v '[<>]'

echo '--- tcprules and tcprulescheck'
printf '1.2.3.4:allow\n1.2.3.:deny\n5.6.7-9.:allow,A="x",B=/a"b/\n=host.example:allow,H="1"\n=.example:deny\njoe@127.0.0.1:allow,J="joe"\n# comment\n\n127.:allow,RELAYCLIENT=""\n:deny\n' >rules
(PATH=$serving tcprules rules.cdb rules.tmp <rules); echo $?
md5sum <rules.cdb
check() {
  # shellcheck disable=SC2086
  env $1 sh -c 'PATH=$1 tcprulescheck rules.cdb' sh "$serving"; echo $?
}
for who in TCPREMOTEIP=1.2.3.4 TCPREMOTEIP=1.2.3.5 TCPREMOTEIP=5.6.8.1 TCPREMOTEIP=5.6.10.1 TCPREMOTEHOST=host.example TCPREMOTEHOST=a.b.example 'TCPREMOTEIP=127.0.0.1 TCPREMOTEINFO=joe' TCPREMOTEIP=127.0.0.1 X=y; do check "$who"; done
echo 'bad line: x' | (PATH=$serving tcprules bad.cdb bad.tmp); echo $?
ls bad.*
(PATH=$serving tcprulescheck nothing.cdb); echo $?

echo '--- tcpserver prints usage errors, and cannot bind'
(PATH=$serving tcpserver 0 nosuchport true); echo $?
(PATH=$serving tcpserver 1.2.3.4 50016 true); echo $?
serve 50015 -H -l0 -R 0 50015 true
(PATH=$serving tcpserver 0 50015 true); echo $?
kill $server; wait $server; echo $?

echo '--- tcpclient cannot connect'
tcpclient -RHl0 0 50016 true; echo $?
tcpclient -q -RHl0 0 50016 true; echo $?
tcpclient -RHl0 0 nosuchport true; echo $?
tcpclient -RHl0 -i 1.2.3.4 0 50016 true; echo $?

echo '--- tcpserver and tcpclient set variables and descriptors'
serve 50016 -vRHl Local -x rules.cdb -B 'banner
' 127.0.0.1 50016 sh -c "$(environment); echo RELAYCLIENT=\${RELAYCLIENT-unset}; cat"
tcpclient -RHl Client -vp 50000 0 50016 sh -c "$(say 'data\n'); $(environment)"; echo $?
await idle 50016 1; log 50016
echo '--- tcpserver denies'
tcpclient -RHl0 -i 127.0.0.2 127.0.0.1 50016 sh -c "$(say)"; echo $?; await idle 50016 2
printf '127.0.0.2:deny\n:allow\n' | (PATH=$serving tcprules rules.cdb rules.tmp)
tcpclient -RHl0 -i 127.0.0.2 127.0.0.1 50016 sh -c "$(say)"; echo $?; await idle 50016 3
rm rules.cdb
tcpclient -RHl0 127.0.0.1 50016 sh -c "$(say)"; echo $?; await idle 50016 4
: >rules.cdb
tcpclient -RHl0 127.0.0.1 50016 sh -c "$(say)"; echo $?; await idle 50016 5
tcpclient -RHl0 127.0.0.1 50016 ./nothing; echo $?
await idle 50016 6; log 50016
kill $server; wait $server; echo $?

echo '--- tcpserver: a program that cannot be run, exit codes, signals'
serve 50017 -vRHl0 0 50017 ./nothing
tcpclient -RHl0 0 50017 sh -c "$(say)"; await idle 50017 1; log 50017; kill $server
serve 50018 -vRHl0 0 50018 sh -c 'exit 9'
tcpclient -RHl0 0 50018 sh -c "$(say)"; await idle 50018 1; log 50018; kill $server
serve 50019 -vRHl0 0 50019 sh -c 'kill -9 $$'
tcpclient -RHl0 0 50019 sh -c "$(say)"; await idle 50019 1; log 50019; kill $server
echo '--- tcpserver -1, -X, -c, -u, -g'
(PATH=$serving; exec tcpserver -1vRHl0 -X -x none.cdb -c 1 -u 1234 -g 2345 127.0.0.1 50020 sh -c 'id; read x') >port 2>log.50020 & server=$!
await test -s port; cat port
tcpclient -RHl0 127.0.0.1 50020 sh -c 'head -1 <&6; echo >&7; cat <&6'
tcpclient -RHl0 127.0.0.1 50020 sh -c 'head -1 <&6; echo >&7; cat <&6'
await idle 50020 2; log 50020; kill $server

echo '--- tcpserver asks IDENT'
serve 113 -RHl0 127.0.0.1 113 sh -c 'read a comma b; echo "$a , $b : USERID : UNIX : joe"'; ident=$server
serve 50021 -vHl0 127.0.0.1 50021 sh -c 'echo $TCPREMOTEINFO'
tcpclient -RHl0 127.0.0.1 50021 sh -c "$(say)"; await idle 50021 1; log 50021
tcpclient -Hl0 127.0.0.1 50021 sh -c 'echo $TCPREMOTEINFO; cat <&6'; await idle 50021 2
kill $server $ident

echo '--- recordio and fixcrio under tcpserver'
serve 50022 -RHl0 127.0.0.1 50022 recordio fixcrio sh -c 'read line; echo "got $line"'
tcpclient -RHl0 127.0.0.1 50022 sh -c 'printf "one\r\n" >&7; cat <&6' | od -A n -c
await grep -q '> .*EOF' log.50022
sed 's/^[0-9]*/N/' log.50022 | sort
kill $server

echo '--- mconnect, mconnect-io, tcpcat'
serve 50023 -RHl0 127.0.0.1 50023 sh -c 'echo 220 hello; while read line; do case $line in QUIT*) echo 221 bye; exit ;; *) printf %s "$line" | od -A n -c ;; esac; done'
printf 'NOOP\nQUIT\n' | mconnect 127.0.0.1 50023; echo $?
printf 'NOOP\nQUIT\n' | tcpclient -RHl0 127.0.0.1 50023 mconnect-io; echo $?
kill $server
serve 50024 -RHl0 127.0.0.1 50024 sh -c 'echo some text'
tcpcat 127.0.0.1 50024; echo $?
tcpcat 127.0.0.1 50099; echo $?
mconnect 127.0.0.1 50099 </dev/null; echo $?
kill $server

echo '--- date@, who@, finger@, http@'
serve 13 -RHl0 127.0.0.1 13 printf 'Sat Nov 21\r\n'; one=$server
serve 11 -RHl0 127.0.0.1 11 printf 'joe tty1\001\r\n'; two=$server
serve 79 -RHl0 127.0.0.1 79 sh -c 'read who; echo "who: $who"'; three=$server
serve 80 -RHl0 127.0.0.1 80 sh -c 'while read line && [ "$line" != "$(printf "\r")" ]; do all="$all$line "; done; printf "HTTP/1.0 200 OK\r\nX: y\r\n\r\n%s\n" "$all"' ; four=$server
date@ 127.0.0.1; echo $?
who@ 127.0.0.1; echo $?
finger@ 127.0.0.1 joe; echo $?
finger@ 127.0.0.1; echo $?
http@ 127.0.0.1 page.html; echo $?
http@ 127.0.0.1; echo $?
kill $one $two $three $four; wait $one $two $three $four
date@ 127.0.0.1; echo $?

echo '--- rblsmtpd'
talk='HELO x\nMAIL FROM:<a>\nRCPT TO:<b>\nDATA\nnonsense\nNOOP\nRSET\nQUIT\nHELO late\n'
for text in 'go away' '-go away for good' "$(printf 'bad \001 \377 bytes')"; do
  printf "$talk" | TCPREMOTEIP=1.2.3.4 RBLSMTPD=$text rblsmtpd -r no.such.base true 2>&1 | sed 's/pid [0-9]*/pid N/'; echo $?
done
RBLSMTPD='' rblsmtpd -r no.such.base echo passed; echo $?
printf "$talk" | RBLSMTPD=x rblsmtpd -t 1 ./nothing 2>&1 | tail -1
serve 50025 -RHl0 -x rbl.cdb -X 127.0.0.1 50025 rblsmtpd -B true
printf '127.0.0.1:allow,RBLSMTPD="see http://example.org"\n' | (PATH=$serving tcprules rbl.cdb rbl.tmp)
printf 'HELO x\nRCPT TO:<b>\nQUIT\n' | tcpclient -RHl0 127.0.0.1 50025 mconnect-io
sed 's/pid [0-9]*/pid N/' log.50025
kill $server
