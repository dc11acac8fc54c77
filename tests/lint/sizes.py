# SPDX-License-Identifier: MIT
"""How large things are: the hypervisor's limit fails the check, the rest is only reported."""

from source import code_lines, functions, name_of, tracked

HYPERVISOR_LIMIT = 20000
LONG_FILE = 800
LONG_FUNCTION = 60


def hypervisor_lines():
    """Code lines of hypervisor/, by room."""
    rooms = {}
    for path in tracked(".c", ".h", ".S"):
        parts = name_of(path).split("/")
        if parts[0] == "hypervisor":
            room = parts[2] if parts[1] == "include" else parts[1]
            rooms[room] = rooms.get(room, 0) + code_lines(path.read_text())
    return rooms


def check():
    """The limit of the hypervisor's size."""
    total = sum(hypervisor_lines().values())
    if total <= HYPERVISOR_LIMIT:
        return []
    return [f"hypervisor/ has {total} code lines, {total - HYPERVISOR_LIMIT} too many"]


def report():
    """What stands out, for people to decide on."""
    rooms = hypervisor_lines()
    by_room = ", ".join(f"{room} {rooms[room]}" for room in sorted(rooms))
    lines = [f"hypervisor: {sum(rooms.values())} code lines of {HYPERVISOR_LIMIT} ({by_room})"]
    for path in tracked(".c", ".h", ".S", ".py"):
        text = path.read_text()
        count = text.count("\n")
        if count > LONG_FILE:
            lines.append(f"long file: {name_of(path)}, {count} lines")
        if path.suffix == ".c":
            lines += [f"long function: {name_of(path)}:{line} {name}(), {length} lines"
                      for name, line, length in functions(text) if length > LONG_FUNCTION]
    return lines
