# SPDX-License-Identifier: MIT
"""Pages that list what the sources define: options, targets that the README names."""

import re

from source import ROOT


def read(name):
    return (ROOT / name).read_text()


def check():
    """What a list leaves out or names in vain."""
    found = []
    options = read("docs/options.md")
    for path in sorted((ROOT / "hypervisor").rglob("*.c")):
        found += [f"docs/options.md: {name} is missing"
                  for name in re.findall(r'^OPTION\("(\w+)"', path.read_text(), re.M)
                  if name not in options]
    rules = "".join(path.read_text() for path in [ROOT / "Makefile", *ROOT.rglob("*.mk")])
    readme = read("README.md")
    found += [f"README.md: there is no target {name}"
              for name in sorted(set(re.findall(r"`make (\w+)", readme)))
              if not re.search(rf"^{name}:", rules, re.M)]
    found += [f"README.md: there is no {name}"
              for name in re.findall(r"\]\(([^)]+)\)", readme) if not (ROOT / name).exists()]
    return found
