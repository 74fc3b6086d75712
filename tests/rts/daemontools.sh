# SPDX-License-Identifier: 0BSD
# A walk through every program of daemontools. What it prints is compared between two sets of tools, so it must not depend on
# time, process ids or chance. Run by /bin/sh in an empty folder with the tools in PATH.
exec 2>&1
umask 022
TZ=UTC
export TZ

# Waits until a command succeeds.
await() {
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || { echo "not within time: $*"; return; }
    sleep .02
  done
}
# svstat without what changes from run to run.
status() {
  svstat "$@" | sed 's/(pid [0-9]*)/(pid N)/; s/[0-9]* seconds/S seconds/'
}
shows() {
  status "$1" | grep -q -- "$2"
}
lacks() {
  ! shows "$@"
}
pid() {
  svstat "$1" | sed -n 's/.*pid \([0-9]*\).*/\1/p'
}
# Whether it is up, and no longer with the pid $1.
another() {
  now=$(pid "$2")
  [ -n "$now" ] && [ "$now" != "$1" ]
}
gone() {
  ! svok "$1"
}
stamps() {
  sed 's/@[0-9a-f]\{24\}/@STAMP/g'
}

echo '--- envdir requires arguments'
envdir whatever; echo $?
echo '--- envdir complains if it cannot read the directory'
ln -s env1 env1
envdir env1 echo yes; echo $?
echo '--- envdir complains if it cannot read a file'
rm env1; mkdir env1; ln -s Message env1/Message
envdir env1 echo yes; echo $?
echo '--- envdir adds variables'
rm env1/Message; echo This is a test. >env1/Message
envdir env1 sh -c 'echo $Message'; echo $?
echo '--- envdir removes variables'
mkdir env2; touch env2/Message
envdir env1 envdir env2 sh -c 'echo ${Message-unset}'; echo $?
echo '--- envdir strips blanks, takes the first line, turns NUL into a newline'
printf 'a \t b \t \nsecond\n' >env1/Blanks; printf 'x\000y' >env1/Lines; printf '\n' >env1/Empty; echo no >env1/.hidden
envdir env1 sh -c 'echo "[$Blanks]"; echo "[$Lines]"; echo "[${Empty-unset}]"; env | grep -c hidden'
echo '--- envdir cannot run the program'
envdir env2 ./nothing; echo $?

echo '--- envuidgid insists on an account name'
envuidgid; echo $?
envuidgid root; echo $?
echo '--- envuidgid sets UID and GID'
envuidgid root sh -c 'echo $UID $GID'; echo $?
envuidgid no-such-account true; echo $?
envuidgid root ./nothing; echo $?

echo '--- setuidgid insists on two arguments'
setuidgid; echo $?
setuidgid root; echo $?
setuidgid no-such-account true; echo $?
setuidgid root ./nothing; echo $?
setuidgid nobody sh -c 'id -u; id -g; id -G' | uniq; echo $?

echo '--- fghack insists on an argument'
fghack; echo $?
echo '--- fghack runs a program, and waits for what it leaves behind'
fghack sh -c 'echo hi & sleep .2; echo there; exit 5'; echo $?
fghack sh -c '(sleep .3; echo late) & exit 0'; echo $?
fghack ./nothing; echo $?
fghack sh -c 'kill -9 $$'; echo $?

echo '--- pgrphack insists on an argument'
pgrphack; echo $?
echo '--- pgrphack makes a session'
pgrphack sh -c 'ps -o pgid= -o sid= -p $$ | { read pgid sid; [ $pgid = $$ ] && [ $sid = $$ ] && echo leader; }'; echo $?
pgrphack ./nothing; echo $?

echo '--- setlock requires arguments'
setlock; echo $?
setlock file; echo $?
setlock -q file true; echo $?
echo '--- setlock complains, or not, when it cannot open the file'
mkdir -p locks/dir
setlock locks/dir echo hi; echo $?
setlock -x locks/dir echo hi; echo $?
echo '--- setlock creates the file, and truncates nothing'
setlock locks/a echo hi; echo $?
echo data >locks/a; setlock locks/a cat locks/a; echo $?
echo '--- setlock -n complains, or not, when the file is locked'
setlock locks/a sh -c 'setlock -n locks/a echo one lock; echo $?; setlock -nx locks/a echo one lock; echo $?'
echo '--- setlock waits'
rm -f locks/ready
setlock locks/b sh -c 'touch locks/ready; sleep .2; echo first' & await test -e locks/ready
setlock locks/b echo second; echo $?
wait
setlock locks/a ./nothing; echo $?

echo '--- softlimit insists on an argument'
softlimit; echo $?
softlimit -z true; echo $?
softlimit -m x true; echo $?
echo '--- softlimit sets limits'
softlimit -c 0 -f 1024000 -o 20 -d 100000000 -s 8192000 -t 100 sh -c 'for r in c f n d s t; do ulimit -S -$r; done'; echo $?
softlimit -o = sh -c '[ $(ulimit -S -n) = $(ulimit -H -n) ] && echo as hard'; echo $?
softlimit -f 1000 sh -c 'trap "" XFSZ; exec head -c 2000 /dev/zero >locks/big'; echo $?
wc -c <locks/big
softlimit -m 100000000 ./nothing; echo $?

echo '--- readproctitle'
readproctitle; echo $?
readproctitle x ....; echo $?
mkfifo title
readproctitle service errors: .................... <title & reader=$!
exec 4>title
echo 'something went wrong' >&4
await sh -c 'tr "\000\n" "|/" </proc/'$reader'/cmdline | grep -q wrong'
tr '\000\n' '|/' </proc/$reader/cmdline; echo
exec 4>&-
wait $reader; echo $?

echo '--- tai64n has the right format, tai64nlocal shows it'
printf 'a\nb\n\n@c' | tai64n | stamps; echo; echo $?
for stamp in @4000000037c219bf2ef02e94 @400000000000000a00000000 @40000000ffffffff3b9ac9ff @3fffffffffffffff00000000 @4000000037c219bf2ef02e94.s; do
  echo "$stamp mark" | tai64nlocal
done
printf 'no stamp @4000000037c219bf2ef02e94\n\nlast without newline' | tai64nlocal; echo; echo $?
echo @4000000037c219bf2ef02e94 new york | TZ=EST5EDT tai64nlocal

echo '--- multilog prints nothing'
(echo one; echo two) | multilog; echo $?
echo '--- multilog e prints to stderr'
(echo one; echo two) | multilog e; echo $?
echo '--- multilog inserts newline after partial final line'
(echo one; echo two | tr -d '\012') | multilog e; echo $?
echo '--- multilog handles multiple actions'
(echo one; echo two) | multilog e e; echo $?
echo '--- multilog handles wildcard -'
(echo one; echo two) | multilog '-*' e; echo $?
echo '--- multilog handles literal +'
(echo one; echo two) | multilog '-*' '+one' e; echo $?
echo '--- multilog handles fancier wildcards, in order'
(echo 12.3.4: x; echo 12.34: y; echo 1.2.3: z) | multilog '-*' '+*.*.*: *' '-1.*' e; echo $?
echo '--- multilog handles long lines for stderr'
for i in 195 196 197 198 199 200 201 202 300 1023 1024 1025; do
  printf '%*s\n' $i '' | tr " " x | multilog e 2>&1 | wc -c
done
echo '--- multilog handles multiple logs, status files and stamps'
(echo one; echo two) | multilog '-*' '+*one*' ./log1 '+*' '-*one*' =./status ./log2; echo $?
cat log1/current log2/current; head -1 status; wc -c <status
ls log1 log2; stat -c '%a %n' log1 log1/current log1/lock log1/state status
(echo one; echo two) | multilog t ./log3; stamps <log3/current
echo '--- multilog handles status files'
for i in 0 1 998 999 1000 1001 1002; do
  printf '%*s\n' $i '' | tr ' ' x | multilog =test.status; echo $?
  uniq -c <test.status | cut -c1-20; wc -c <test.status
done
echo '--- multilog t has the right format'
(echo ONE; echo TWO) | multilog t e 2>&1 | stamps
echo '--- multilog rotates, numbers and keeps'
seq 100000 109999 | multilog s4096 n3 ./small; echo $?
ls small | sed 's/^@[0-9a-f]*/@STAMP/' | sort | uniq -c | tr -s ' '
cat small/@* small/current | tail -3
echo '--- multilog runs a processor with its state'
seq 1000 4999 | multilog s4096 n20 '!cat <&4 >/dev/null; wc -l | tee /dev/fd/5' ./processed; echo $?
[ -s processed/state ] && echo state; cat processed/@*.s | grep -c '^[0-9]*$' >/dev/null && echo counted
echo '--- multilog continues a clean log, and sets an unclean one aside'
echo three | multilog ./log1; cat log1/current; ls log1
chmod 644 log1/current; echo four | multilog ./log1; cat log1/current; ls log1 | sed 's/^@[0-9a-f]*/@STAMP/'
echo '--- multilog refuses a locked log, and one that is no directory'
setlock log1/lock sh -c 'echo five | multilog ./log1; echo $?'
touch file; echo six | multilog ./file; echo $?

echo '--- supervise, svok, svstat and svc insist on arguments'
supervise; echo $?
svok; echo $?
svstat; echo $?
svc; echo $?
svc -z; echo $?
echo '--- supervise complains if it cannot start'
supervise nothing; echo $?
touch afile; supervise afile; echo $?
echo '--- svok, svstat and svc complain'
mkdir test.sv
svok nothing; echo $?
svok test.sv; echo $?
svstat nothing test.sv; echo $?
svc -u nothing test.sv; echo $?
echo '--- supervise starts, svok works'
cat >test.sv/run <<'END'
#!/bin/sh
echo started
exec cat <>pipe
END
chmod 755 test.sv/run; mkfifo test.sv/pipe; touch test.sv/down
supervise test.sv & supervisor=$!
await svok test.sv; svok test.sv; echo $?
await shows test.sv ': down'; status test.sv
ls test.sv/supervise; stat -c '%a %F' test.sv/supervise test.sv/supervise/control test.sv/supervise/ok test.sv/supervise/lock test.sv/supervise/status
wc -c <test.sv/supervise/status
echo '--- a second supervise is refused'
supervise test.sv; echo $?
echo '--- svc -o starts once'
svc -o test.sv; await shows test.sv ': up'; status test.sv
svc -t test.sv; await shows test.sv ': down'; status test.sv
echo '--- svc -u keeps it up'
svc -u test.sv; await shows test.sv ': up'; status test.sv
rm test.sv/down; status test.sv
svc -p test.sv; await shows test.sv paused; status test.sv
svc -c test.sv; await lacks test.sv paused; status test.sv
before=$(pid test.sv)
svc -k test.sv; await another $before test.sv; status test.sv
before=$(pid test.sv)
svc -du test.sv; await another $before test.sv; status test.sv
svc -d test.sv; await shows test.sv ': down'; status test.sv
svc -x test.sv; wait $supervisor; echo $?
svstat test.sv; svok test.sv; echo $?
od -A n -t x1 -j 12 test.sv/supervise/status

echo '--- svscan complains if it cannot start'
svscan nothing; echo $?
echo '--- svscan starts services and their logs, and passes over the rest'
mkdir service service/svc0 service/svc1 service/svc1/log service/.svc2 service/svc3
touch service/file
cat >service/svc0/run <<'END'
#!/bin/sh
echo svc0 ran >>output
exec sleep 1000
END
cat >service/svc1/run <<'END'
#!/bin/sh
echo hello from svc1
exec sleep 1000
END
cat >service/svc1/log/run <<'END'
#!/bin/sh
exec multilog t ./main
END
cp service/svc0/run service/.svc2/run
chmod 755 service/svc0/run service/svc1/run service/svc1/log/run service/.svc2/run
touch service/svc3/down
svscan service >svscan.log 2>&1 & scanner=$!
await test -s service/svc0/output; await test -s service/svc1/log/main/current
await svok service/svc3
cat service/svc0/output; stamps <service/svc1/log/main/current
await shows service/svc0 ': up '; await shows service/svc3 ': down'
status service/svc0 service/svc1 service/svc1/log service/.svc2 service/svc3
readlink /proc/$scanner/cwd | sed 's/.*\///'
echo '--- svscan finds a new service'
mkdir service/.new; cp service/svc0/run service/.new/run; mv service/.new service/new
await test -s service/new/output; cat service/new/output; await shows service/new ': up '; status service/new
echo '--- svscan brings a supervise back'
before=$(pid service/svc0)
svc -dx service/svc0; await another "$before" service/svc0
status service/svc0
echo '--- services go'
kill $scanner; wait $scanner; echo $?
svc -dx service/svc* service/svc1/log service/new
for name in svc0 svc1 svc1/log new svc3; do await gone service/$name; done
svstat service/svc0 service/svc1 service/svc1/log service/new service/svc3
cat svscan.log | sort | uniq
