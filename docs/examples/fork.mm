# A parent with 512 pages of its own, of which the child writes one and reads one.
start parent
mmap parent 0 512 rw- private
cpu0 store parent 0 7
cpu0 store parent 511 9

fork parent child
expect cpu1 load child 0 is 7
cpu1 store child 0 8
expect cpu0 load parent 0 is 7
expect cpu1 load child 511 is 9

exit parent
cpu1 store child 511 10
expect cpu1 load child 511 is 10
