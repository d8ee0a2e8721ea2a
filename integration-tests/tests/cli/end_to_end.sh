#!/bin/sh
# All of a crash's life: from the tables to its removal, with what goes wrong between.
#
# The same on every kind of store: run on an embedded one and on an HBase, it has to print the same.
# Called as `end_to_end.sh PROGRAM CRASH FOLDER`, where CRASH.json and CRASH.dump are a crash's files and
# FOLDER is empty; the store is named by the program's environment. What differs from one run to the
# next (times, addresses, the tables' prefix, which is in PREFIX) is replaced.
set -u
program=$1 crash=$2 folder=$3
cd "$folder" || exit 1
year=$(date -u +%Y)

same() {
    sed -E -e "s/${PREFIX:-no prefix}//g" \
        -e "s/$year-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(\+00:00)?/NOW/g" \
        -e 's/(at |host )?127\.0\.0\.1:[0-9]+/PLACE/g' \
        -e 's/1[0-9]{12}/MILLISECONDS/g' \
        -e 's/("age_seconds":)[0-9]+/\1AGE/' -e 's/[0-9]+years( [0-9]+(months?|days?|h|m|s))?/AGE/'
}

# Runs the program, and shows the command, what it printed and said, and its exit code.
step() {
    echo "\$ socorro-hbase $*"
    "$program" "$@" >printed 2>said </dev/null
    code=$?
    same <printed
    same <said | sed 's/^/! /'
    echo "= $code"
}

# Without what is there already: only the first time.
"$program" schema create 2>said || { cat said >&2; exit 1; }
real=6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508
browser=1a000000-0000-4000-8000-000002120509
plugin=2b000000-0000-4000-8000-000002120509
hang=9f1e7a60-55c4-4be0-9d3c-71c4e8a90b12
absent=0e4d3c2b-0000-4000-8000-000002060101

mkdir crashes
cp "$crash.dump" crashes/$browser.dump
cp "$crash.dump" crashes/$plugin.dump
cp "$crash.dump" crashes/unnamed.dump
echo '{"submitted_timestamp": "2012-05-09T01:02:03+00:00", "ProductName": "Firefox", "HangID": "'$hang'", "legacy_processing": 0}' >crashes/$browser.json
echo '{"submitted_timestamp": "2012-05-09T01:02:04+00:00", "ProductName": "Firefox", "ProcessType": "plugin", "HangID": "'$hang'", "legacy_processing": 1}' >crashes/$plugin.json
echo '{"submitted_timestamp": "2012-05-10T00:00:00+00:00", "ProductName": "Fennec", "Version": "14.0", "legacy_processing": 2}' >crashes/unnamed.json
echo 'not JSON' >crashes/broken.json
echo MDMP >crashes/broken.dump

step schema show
step schema show --json
step schema create
step schema verify
step schema verify --json

step submit --meta "$crash.json" --dump "$crash.dump"
step submit --meta "$crash.json" --dump "$crash.dump" --json
# Several are submitted at a time, so they end in any order.
echo '$ socorro-hbase submit crashes --json | sort'
"$program" submit crashes --json 2>said | sort
same <said
tar cf crashes.tar crashes/$browser.json crashes/$browser.dump crashes/$plugin.json crashes/$plugin.dump
echo '$ head -c 100000 crashes.tar | socorro-hbase submit -'
head -c 100000 crashes.tar | "$program" submit - 2>said
echo "= $?"
same <said
step submit lost

step get meta $real
step get dump $real -o real.dump
cmp real.dump "$crash.dump" && echo same
step get raw $real -o raw
ls raw
step get state $plugin
step get state $plugin --json
step get processed $real
step get meta $absent
step get dump not-stored

step crashes
step crashes --json
step crashes --date 2012-05-09 --json
step crashes --from 2012-05-09 --to 2012-05-09 --limit 1 --json
step crashes --hang $hang --json
step crashes --hang $absent
step crashes --reverse --product Firefox --json
step crashes --from yesterday
step scan crash_reports_index_submitted_time --order merge --prefix 2012-05-09
step scan crash_reports_index_submitted_time --order merge --columns ids:ooid --limit 2 --json
step scan no_such_table
step row crash_reports_index_hang_id $hang --json
step row metrics 2012-05-09
step row metrics none

step queue list --json
step queue list --queue general
step queue stats
step queue stats --json
step queue claim --lease 1h --json
step queue renew --lease 2h bp-$real
step queue release $real
step queue release $real
step queue claim --lease 1h --json
step queue claim --lease 1h --json
step process $real --worker another
step queue ack $real $browser
step queue ack $real
step queue remove $real
echo '$ echo bp-OOID | socorro-hbase queue add -'
echo "bp-$browser" | "$program" queue add - 2>said
same <said
step show $absent
step queue remove $browser $plugin
step queue list
step process --queue general --limit 1
step process --queue general --json
step queue stats --json
step get state $real --json
step get processed $real
step signatures
step signatures --json
echo '{"signature": "by hand", "completeddatetime": "2012-05-11 00:00:00"}' >processed.json
step put-processed $plugin processed.json
step get processed $plugin
step crashes --signature 'by hand' --json
echo '{"signature": "no time"}' >processed.json
step put-processed $plugin processed.json

step metrics --from 2012-05-08 --to 2012-05-10
step metrics --by month --from 2012-04-30 --to 2012-05-01 --json
step metrics --from 2012-05-10 --to 2012-05-08

step export -o out --date 2012-05-09
# What is made of a crash has the time when it was made.
(cd out && cksum ./* | grep -v -e processed -e state)
step export -o out --json
step export -o out.tar.gz --signature 'by hand'
tar tzf out.tar.gz
step export -o out.tar.gz
echo '$ socorro-hbase sample -n 100 --json | sort'
"$program" sample -n 100 --json | sort
step sample --date 2012-05-08

step check --settled-for 0s
step remove --dry-run $plugin
step remove $plugin
step remove $plugin
step check --settled-for 0s --json
step metrics --from 2012-05-09 --to 2012-05-09 --json
step crashes --json
step submit out.tar.gz
step submit out.tar.gz --json
step get processed $plugin
step get state $plugin --json
step queue stats --json
step check --settled-for 0s --json
# An embedded store is one process's at a time, so not in a pipe.
echo '$ socorro-hbase export -o - > backup.tar; socorro-hbase submit - --json < backup.tar'
"$program" export -o - $plugin > backup.tar 2>said
"$program" submit - --json < backup.tar 2>>said
same <said
