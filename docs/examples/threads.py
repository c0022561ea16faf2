import mmap, threading, os, ctypes
libc = ctypes.CDLL(None, use_errno=True)
m = mmap.mmap(-1, 1<<20)                      # shared anonymous
m[0:5] = b"hello"
libc.mmap.restype = ctypes.c_void_p
libc.mremap.restype = ctypes.c_void_p
a = libc.mmap(None, 65536, 3, 0x22, -1, 0)
b = libc.mremap(ctypes.c_void_p(a), 65536, 1<<20, 1)
libc.madvise(ctypes.c_void_p(b), 65536, 4)
libc.mlock(ctypes.c_void_p(b), 8192)
libc.munlock(ctypes.c_void_p(b), 8192)
libc.mprotect(ctypes.c_void_p(0x10000), 4096, 1)
libc.mmap(None, 1<<47, 3, 0x22, -1, 0)
libc.munmap(ctypes.c_void_p(b+1), 4096)
libc.mmap(ctypes.c_void_p(b), 4096, 3, 0x100022, -1, 0)
if os.fork() == 0:
    m[0:5] = b"child"
    os._exit(0)
os.wait()
def work():
    os.execv("/bin/true", ["true"])
threading.Thread(target=work).start()
