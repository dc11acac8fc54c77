# SPDX-License-Identifier: MIT
"""The command line: words of GRUB's script, unknown words, dom0_mem's forms, words for dom0."""

import re

from matrix import LAYERS

OPTIONS = ("no_such_option=1 loglvl=loud xpti=perhaps dom0_mem=-1700M,min:512M,max:600M "
           "-- domus.word=1 quiet")


def test_options_on_one_line(boot):
    console = boot(options=OPTIONS, layers=LAYERS, hypervisor="domus", cmdline="serve=1")
    console.login()
    log = console.check("domus dmesg")
    assert re.search(r'Unknown option "no_such_option" ignored', log)
    assert re.search(r'Option loglvl: bad value "loud" ignored', log)
    assert re.search(r'Option xpti: bad value "perhaps" ignored', log)
    assert ", page-table isolation" not in log
    assert len(re.findall("ignored", log)) == 3
    assert re.search(r"dom0: linux, 512 MiB", log)
    words = console.check("cat /proc/cmdline").split()
    assert words == ["console=hvc0", "serve=1", "domus.word=1", "quiet"]
    assert re.search(r"(?m)^.*Domus [0-9.]+, a hypervisor", log)
    assert OPTIONS.split(" -- ")[0] in log


def test_dom0_may_grow_up_to_max(boot):
    """What dom0_mem leaves open is all but a little of the host; max caps later ballooning."""
    console = boot(memory=1024, options="dom0_mem=max:1G", layers=LAYERS, hypervisor="domus",
                   cmdline="serve=1")
    console.login()
    memory = console.check("sed -n 's/MemTotal: *//p' /proc/meminfo").split()[0]
    assert 800 << 10 < int(memory) < 1000 << 10
