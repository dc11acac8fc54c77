# SPDX-License-Identifier: MIT
"""The bench's machines for the reference kernel: how soon a new guest says something, and our front
ends on our back ends, which are part of the group `io`.
"""

import re

import devices
import runs
from console import BootError, Console
from machine import BUILD
from tools import Domus, Xl

KERNEL = {"boot/domus-kernel": BUILD / "domus-kernel"}
NETWORK = {"networks": ["br0"], "backend": "domus"}
ROUNDS = 3


def spec_of(hypervisor, name):
    """The machine; what the plugin counts is not used."""
    return runs.counting_spec(hypervisor, name, "off", KERNEL)


def config(tools, name, cmdline, memory, **fields):
    return tools.config(name, memory=memory, kernel="/boot/domus-kernel", ramdisk="",
                        cmdline=cmdline, **fields)


def create(tools, *config_of, **fields):
    status, output = tools.create(config(tools, *config_of, **fields))
    if status:
        raise BootError(output)


def said(tools, pattern, count=1):
    """What guests of that name wrote, once there are so many such lines."""
    log = tools.log_command("ref")
    return tools.console.check(f"until [ $({log} 2>&1 | grep -c '{pattern}') = {count} ]; "
                               f"do sleep 1; done; {log}", runs.PATIENCE)


def create_times(hypervisor):
    """How long the tool takes from its start to a new guest's first line, a median; as in
    runs.create_time(), the machine is idle before each round.
    """
    spec, _ = spec_of(hypervisor, "create")
    if hypervisor == "none":
        return {}
    runs.LOGS.mkdir(parents=True, exist_ok=True)
    times = []
    with Console(spec, runs.PATIENCE) as console:
        console.login()
        tools = Xl(console) if hypervisor == "xen" else Domus(console)
        path = config(tools, "ref", "none", 8)
        command = f"xl create -q {path}" if hypervisor == "xen" else f"domus create {path}"
        for number in range(1, ROUNDS + 1):
            output = console.check(f"sleep 1; micro tsc; {command}", runs.PATIENCE)
            cycles = re.findall(r"memory, cycle (\d+)", said(tools, "^ready", number))
            times.append(int(cycles[-1]) - runs.value_of(output, "tsc")[0])
            tools.destroy("ref")
    return {"create-line": sorted(times)[ROUNDS // 2]}


def run(tools, words, count, **fields):
    """The lines of the count-th guest that measures."""
    create(tools, "ref", f"test=speed {words}", 16, **NETWORK, **fields)
    return said(tools, "^RESULT", count).rpartition("Domus reference")[2]


def io_times(hypervisor):
    """The measures of the reference kernel on domus-backend: both halves are ours."""
    spec, _ = spec_of(hypervisor, "io-ref")
    if hypervisor != "domus":
        return {}
    runs.LOGS.mkdir(parents=True, exist_ok=True)
    with Console(spec, runs.PATIENCE) as console:
        console.login()
        console.check(devices.DOM0_SETUP, runs.PATIENCE)
        tools = Domus(console)
        text = run(tools, f"ip={devices.FIRST} peer={devices.DOM0}", 1, disks=[devices.RAM_DISK])
        times = {name: runs.value_of(text, name)[0] for name in devices.DISK + devices.NET}
        create(tools, "peer", f"test=speed serve=1 ip={devices.SECOND}", 16, **NETWORK)
        text = run(tools, f"ip={devices.FIRST} peer={devices.SECOND}", 2)
        times |= {f"{name}-guest": runs.value_of(text, name)[0] for name in devices.NET}
    return {f"ref-{name}": value for name, value in times.items()}


def machine(name, run):
    """A row of runs.MACHINES."""
    return {name: (lambda hypervisor: spec_of(hypervisor, name), run)}


runs.MACHINES |= machine("create", create_times) | machine("io-ref", io_times)
