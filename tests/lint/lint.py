# SPDX-License-Identifier: MIT
"""`make lint`: runs each check, prints what it found, then the report of sizes."""

import sys

import abi
import braces
import compile
import docs
import imports
import sizes
import words

CHECKS = {
    "import law": imports.check,
    "ABI layout": compile.check_abi,
    "ABI table": abi.check,
    "headers stand alone": compile.check_headers,
    "format": compile.check_format,
    "braces": braces.check,
    "licence lines": words.check_licence,
    "lists in docs": docs.check,
    "no machine paths": words.check_paths,
    "hypervisor's size": sizes.check,
    "clang": compile.check_clang,
    "cppcheck": compile.check_cppcheck,
}


def main():
    failed = 0
    for name, check in CHECKS.items():
        found = check()
        failed += bool(found)
        print(f"{'FAILED' if found else 'ok':6} {name}")
        for line in found:
            print(f"       {line}")
    print("\n".join(sizes.report()))
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
