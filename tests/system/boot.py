#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boots a machine by hand: interactive, or with commands for dom0's shell.

    boot.py --interactive                        dom0's shell on this terminal (Ctrl-t x quits)
    boot.py --run 'xl list' --run 'xl info'      commands typed on dom0's console
    boot.py --script 'dmesg; xl list'            the same from the ramdisk, no serial input needed
    boot.py --wait 'TEST PASSED' --kernel K      until the serial line says so
"""

import argparse
import os
import sys
from pathlib import Path

from console import BootError, Console
from machine import LAYERS, Spec, make_image, qemu_arguments


def pair(text):
    """NAME=PATH, or a path alone whose name in dom0 is then /usr/sbin/its own."""
    name, equal, path = text.partition("=")
    return (name, Path(path)) if equal else (f"usr/sbin/{Path(text).name}", Path(text))


def parse():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hypervisor", choices=["domus", "xen", "none"], default="domus")
    p.add_argument("--image", default="", help="another hypervisor image than build/domus.gz")
    p.add_argument("--kernel", default="", help="another kernel (ELF, may be gzipped)")
    p.add_argument("--machine", choices=["pc", "q35"], default="pc")
    p.add_argument("--firmware", choices=["bios", "ovmf"], default="bios")
    p.add_argument("--cpu", default=Spec.cpu)
    p.add_argument("--memory", type=int, default=Spec.memory, metavar="MiB")
    p.add_argument("--smp", type=int, default=1)
    p.add_argument("--bootdisk", choices=["sata", "virtio", "cd", "ahci", "nvme"],
                   default="sata")
    p.add_argument("--icount", action="store_true", help="virtual time = instructions")
    p.add_argument("--gdb", action="store_true", help="wait for gdb on port 1234")
    p.add_argument("--options", default="", help="more words for the hypervisor")
    p.add_argument("--cmdline", default="", help="more words for dom0's kernel")
    p.add_argument("--tools", choices=["domus", "xen", "none"], default="",
                   help="whose store and daemons dom0 starts")
    p.add_argument("--layers", default=",".join(LAYERS), help="layers of the ramdisk, or none")
    p.add_argument("--file", type=pair, action="append", default=[], metavar="NAME=PATH",
                   help="copy a file into dom0")
    p.add_argument("--program", type=pair, action="append", default=[], metavar="[NAME=]PATH",
                   help="copy a program and its libraries into dom0")
    p.add_argument("--qemu", action="append", default=[], help="more arguments for QEMU")
    p.add_argument("--name", default=f"boot-{os.getpid()}", help="of the log in build/logs")
    p.add_argument("--timeout", type=int, default=120, help="seconds for each step")
    what = p.add_mutually_exclusive_group()
    what.add_argument("--interactive", action="store_true")
    what.add_argument("--run", action="append", metavar="COMMAND")
    what.add_argument("--script", metavar="COMMANDS")
    what.add_argument("--wait", metavar="REGEX")
    return p.parse_args()


def spec_of(args):
    """The machine that the arguments describe."""
    cmdline = args.cmdline
    cmdline += f" tools={args.tools}" if args.tools else ""
    cmdline += " serve=1" if args.run else ""
    files = dict(args.file)
    if args.script:
        files["etc/run"] = f"#!/bin/sh\n{args.script}\n"
    return Spec(
        name=args.name, hypervisor=args.hypervisor, machine=args.machine,
        firmware=args.firmware, cpu=args.cpu, memory=args.memory, smp=args.smp,
        icount=args.icount, gdb=args.gdb, bootdisk=args.bootdisk, options=args.options,
        cmdline=cmdline.strip(), kernel=args.kernel, image=args.image,
        layers=() if args.layers == "none" else tuple(args.layers.split(",")),
        files=files, programs=dict(args.program), qemu=tuple(args.qemu))


def interactive(spec):
    """Give the terminal to QEMU. Ctrl-a belongs to the hypervisor, so QEMU's key is Ctrl-t."""
    arguments = qemu_arguments(spec, make_image(spec), serial="mon:stdio")
    os.execvp(arguments[0], [*arguments, "-echr", "0x14"])


def script(console, args):
    """Show the line until the wanted text, or the end of the machine."""
    console.child.logfile_read = Tee(console.log, sys.stdout.buffer)
    if args.wait:
        console.wait(args.wait)
    elif args.script:
        status = console.wait(r"dom0: run ended with status (\d+)").group(1)
        return int(status)
    else:
        console.wait_end()
    return 0


class Tee:
    """Writes to several files."""

    def __init__(self, *files):
        self.files = files

    def write(self, data):
        for file in self.files:
            file.write(data)

    def flush(self):
        for file in self.files:
            file.flush()


def main():
    args = parse()
    spec = spec_of(args)
    if args.interactive:
        interactive(spec)
    try:
        with Console(spec, args.timeout) as console:
            if not args.run:
                return script(console, args)
            console.login()
            for command in args.run:
                status, output = console.run(command)
                print(f"$ {command}\n{output}", end="", flush=True)
                if status:
                    print(f"(status {status})")
            return status
    except BootError as error:
        print(f"boot: {error}", file=sys.stderr)
        return 1
    finally:
        print(f"boot: log in build/logs/{spec.name}.log", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
