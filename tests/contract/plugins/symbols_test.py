#!/usr/bin/env python3
"""Each plugin of a directory exports one symbol, the entry, and its manifest takes no memory at run time."""
import pathlib
import subprocess
import sys


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def main():
    wrong, seen = [], 0
    for plugin in sorted(p for folder in sys.argv[1:] for p in pathlib.Path(folder).glob("*.so")):
        seen += 1
        exported = [line.split()[-1] for line in lines("nm", "-D", "--defined-only", str(plugin))]
        if exported != ["tenon_plugin_v1"]:
            wrong.append(f"{plugin}: exports {exported}, expected tenon_plugin_v1 alone")
        sections = [line.split("]", 1)[1].split() for line in lines("readelf", "-SW", str(plugin)) if ".tenon.manifest" in line]
        if len(sections) != 1:
            wrong.append(f"{plugin}: {len(sections)} sections .tenon.manifest")
        elif "A" in "".join(sections[0][6:-3]):
            wrong.append(f"{plugin}: the manifest is loaded into memory")
    if not seen:
        wrong.append("no plugins found")
    print("\n".join(wrong) or f"{seen} plugins, one symbol each")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
