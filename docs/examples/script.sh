#!/bin/sh
echo a | cat
(exit 3)
x=$(ls /dev/null; true)
sleep 0.1 &
wait
