# SPDX-License-Identifier: MIT
"""`make run`: Domus, dom0 and a guest. On a terminal it ends in dom0's shell beside the guest;
without one it is a script that ends with 0 only if guest and dom0 both answered.
"""

import os
import sys
import time

from console import BootError, Console
from machine import Spec, make_image, qemu_arguments
from tools import Domus, GuestShell

GUEST = """\
domus: 1
name: web
memory: 256MiB
vcpus: 1
boot:
  kernel: /boot/vmlinuz
  ramdisk: /boot/initrd.img
  cmdline: console=hvc0
policy:
  crash: restart
"""
START = """\
#!/bin/sh
domus create /etc/domus/web.yaml
domus list
echo
echo "  This is dom0. Beside it runs a guest of /etc/domus/web.yaml:"
echo "    domus list             what runs"
echo "    domus console web      the guest's console; Ctrl-] leaves it"
echo "    domus help             all verbs"
echo "    poweroff               ends the machine (so does Ctrl-t x)"
echo
"""


def interactive():
    """Give the terminal to the machine. Ctrl-a is the hypervisor's, so QEMU's key is Ctrl-t."""
    spec = Spec(name="run", smp=2, files={"etc/domus/web.yaml": GUEST, "etc/start": START})
    arguments = qemu_arguments(spec, make_image(spec), serial="mon:stdio")
    os.execvp(arguments[0], [*arguments, "-echr", "0x14"])


def scripted():
    """Boot, start the guest, talk to both, switch off."""
    begin = time.monotonic()
    spec = Spec(name="run", smp=2, cmdline="serve=1", files={"etc/domus/web.yaml": GUEST})

    def say(text):
        print(f"run: {time.monotonic() - begin:5.1f} s  {text}", flush=True)

    try:
        with Console(spec, timeout=180) as console:
            console.login()
            say("dom0 answers: " + console.check("uname -sr").strip())
            tools = Domus(console)
            print(console.check("domus create /etc/domus/web.yaml"), end="")
            with GuestShell(tools, "web", 120) as shell:
                status, release = shell.run("uname -r")
            if status:
                raise BootError("the guest's shell does not answer")
            say("the guest answers: Linux " + release.strip())
            print(console.check("domus list"), end="")
            console.start("poweroff -f")
            console.wait_end(60)
            say("switched off")
    except BootError as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    return 0


def main():
    if sys.stdin.isatty() and sys.stdout.isatty():
        interactive()
    return scripted()


if __name__ == "__main__":
    sys.exit(main())
