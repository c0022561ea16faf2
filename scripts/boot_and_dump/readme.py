"""The note beside a dump that says how it was made."""

import shlex


def text(kernel, guest, qemu, append, image_source):
    version = qemu.qmp.execute("query-version")["qemu"]
    command = " ".join(shlex.quote(word).replace(str(qemu.folder), "WORK") for word in qemu.command)
    return f"""# {kernel.name}: {kernel.about}

Made by `scripts/boot-and-dump {kernel.name}`. `scripts/check-real-dump` compares it with what mmport reads.

| | |
|---|---|
| kernel | {guest.release}, Debian's {image_source} |
| QEMU | {version["major"]}.{version["minor"]}.{version["micro"]}, TCG, {kernel.machine}, {kernel.cpu} |
| RAM | {kernel.memory_bytes >> 20} MiB at {kernel.ram_base:#x} |
| kernel's command line | `{append}` |
| process | {guest.pid}, in user mode; pages of {guest.page_bytes} bytes |

```
{command}
```
"""
