"""Mutates each path, key and literal of the shipped pipelines and asks `tenon check` what is wrong.

usage: mutate.py BIN PLUGINS [--least PERCENT] [--show]

A mutant is found if check reports something on its line; of a connection that is renamed where it is defined,
on a line that uses the old name. Nothing may
be reported of the originals. Where check proposes a name for a mutant that it refuses, `tenon check --fix` must give back the original. Mutants that change no record are named in EQUIVALENT, each with its reason.
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": "mutant-key-0123456789abcdef",
    "BIGCOMMERCE_WEBHOOK_SECRET": "mutant-secret-0123456789abcdef", "BIGCOMMERCE_CLIENT_SECRET": "mutant-client-0123456789abcdef",
    "GORGIAS_DOMAIN": "acme", "GORGIAS_EMAIL": "desk@example.com", "GORGIAS_API_KEY": "mutant-desk-0123456789"}

# (pattern of the description, why the mutant is no mistake that could be known)
EQUIVALENT = [
    (r"literal '(bigcommerce_|gorgias_)'", "any prefix is a prefix: which one is meant is known to the author alone"),
    (r"literal ' '", "any text between two names is one"),
    (r"text bigcommerce_", "any prefix is a prefix"),
    (r"value of name: ", "a pipeline may have any name"),
    (r"variable [A-Z_]+_BASE_URL", "a variable with a default may have any name"),
    (r"blueprint.*type of amount: 17", "a constant amount is one"),
]


def swap(word):
    """Two letters of a word change places: what fingers do."""
    for at in range(len(word) // 2, len(word) - 1):
        if word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    return word + "x"


def variants(word):
    """Misspellings, in a fixed order."""
    made = [swap(word), word[:-1] if len(word) > 2 else word + "q", word + "s", word[0] + word]
    return [v for v in dict.fromkeys(made) if v and v != word]


def expressions(line):
    """Offsets of what stands between `${{` and `}}`."""
    return [(m.start(1), m.end(1)) for m in re.finditer(r"\$\{\{(.*?)\}\}", line)]


def mutants_of_line(line):
    """(description, new line)"""
    code = re.split(r"\s#\s", line)[0]
    inside = expressions(code)
    for start, end in inside:
        text = code[start:end]
        strings = [(m.start(), m.end()) for m in re.finditer(r"'[^']*'", text)]
        in_string = lambda at: any(a <= at < b for a, b in strings)
        for name in re.finditer(r"\$?[A-Za-z_][A-Za-z0-9_]*", text):
            if in_string(name.start()) or name.group() in ("and", "or", "in", "true", "false", "null"):
                continue
            for new in variants(name.group().lstrip("$")):
                sign = "$" if name.group().startswith("$") else ""
                at, to = start + name.start(), start + name.end()
                yield f"path {name.group()} -> {sign}{new}", line[:at] + sign + new + line[to:]
        for step in re.finditer(r"[A-Za-z_]+(\.[A-Za-z_]+)+", text):
            if in_string(step.start()):
                continue
            at, to = start + step.start(), start + step.end()
            yield f"path {step.group()} without its last step", line[:at] + step.group().rsplit(".", 1)[0] + line[to:]
            yield f"path {step.group()} with one step more", line[:at] + step.group() + ".value" + line[to:]
        for at, to in strings:
            old = text[at:to]
            yield f"literal {old} misspelt", line[:start + at] + "'" + swap(old[1:-1]) + "'" + line[start + to:]
            yield f"type of literal {old} -> 7", line[:start + at] + "7" + line[start + to:]
            yield f"type of literal {old} -> null", line[:start + at] + "null" + line[start + to:]
    for key in re.finditer(r"([A-Za-z_]+):(?=\s|$)", code):
        if any(a <= key.start() < b for a, b in inside) or code[:key.start()].count('"') % 2:
            continue
        for new in variants(key.group(1)):
            yield f"key {key.group(1)} -> {new}", line[:key.start(1)] + new + line[key.end(1):]
    for value in re.finditer(r"(?<=[:,\[]) ?([A-Za-z_][A-Za-z_./-]*|[0-9]+)(?=\s*[,\]}]|\s*$)", code):
        at, to = value.start(1), value.end(1)
        if any(a <= at < b for a, b in inside) or code[:at].count('"') % 2:
            continue
        key = re.search(r"([A-Za-z_]+): *\[?[^:]*$", code[:at])
        name = key.group(1) if key else ""
        new = str(int(value.group(1)) + 1) if value.group(1).isdigit() else swap(value.group(1))
        yield f"value of {name}: {value.group(1)} -> {new}", line[:at] + new + line[to:]
        yield f"type of {name}: {value.group(1)} -> true", line[:at] + "true" + line[to:]
    for text in re.finditer(r": ([a-z_]+)\$\{\{", code):
        yield f"text {text.group(1)} misspelt", line[:text.start(1)] + swap(text.group(1)) + line[text.end(1):]
    for variable in re.finditer(r"\$\{([A-Z_]+)", code):
        yield f"variable {variable.group(1)}", line[:variable.start(1)] + swap(variable.group(1)) + line[variable.end(1):]
    whole = re.match(r"^(\s+[a-z_]+: )(\$\{\{.*\}\})\s*$", line)
    if whole:
        for new in ("true", "17", "[1]", "{ a: 1 }"):
            yield f"type of {whole.group(1).strip()} {new}", whole.group(1) + new


# (pattern of the description, why --fix cannot know what stood there)
OTHERWISE = [
    (r"path keys -> kesy", "`key` is a name of an event too, and one edit nearer"),
]


def check(options, path, *more):
    done = subprocess.run([os.path.join(options.bin, "tenon"), "check", "--json", "--plugin-dir", options.plugins, *more, path],
                          capture_output=True, text=True, env=ENVIRONMENT, cwd=os.path.dirname(path), timeout=60)
    if done.returncode not in (0, 2):
        raise SystemExit(f"{path}: exit code {done.returncode}: {done.stderr}")
    return {(d["line"], d["severity"], d["message"]) for d in json.loads(done.stdout)["diagnostics"]}


def judge(options, folder, number, text, line_number, mutant):
    path = os.path.join(folder, f"mutant{number}.yaml")
    lines = text.split("\n")
    lines[line_number] = mutant
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines))
    found = check(options, path)
    name = re.match(r"^  ([a-z_]+):\s*$", text.split("\n")[line_number])  # a connection, where it is defined
    here = lambda line: line == line_number + 1 or (name and re.search(rf"connection: {name.group(1)}\b", lines[line - 1]))
    mended = None
    if any(severity == "error" and line == line_number + 1 and "did you mean" in message for line, severity, message in found):
        check(options, path, "--fix")
        with open(path, encoding="utf-8", newline="") as file:
            mended = file.read()
        mended = "restored" if mended == text else "left" if mended == "\n".join(lines) else "changed: " + mended.split("\n")[line_number].strip()
    return any(line > 0 and here(line) for line, _, _ in found), bool(found), mended


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("plugins")
    parser.add_argument("--least", type=float, default=95.0)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    options.bin, options.plugins = os.path.abspath(options.bin), os.path.abspath(options.plugins)
    made, found, equivalent, elsewhere, missed, noise = 0, 0, 0, 0, [], []
    proposed, restored, otherwise = 0, 0, []
    with tempfile.TemporaryDirectory(prefix="tenon-mutants-") as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = []
        for name in sorted(os.listdir(os.path.join(ROOT, "pipelines"))):
            if not name.endswith(".yaml") or name == "tenon.yaml":
                continue
            with open(os.path.join(ROOT, "pipelines", name), encoding="utf-8") as file:
                text = file.read()
            noise += [f"{name}:{line}: {message}" for line, _, message in check(options, os.path.join(ROOT, "pipelines", name))]
            section = ""
            for number, line in enumerate(text.split("\n")):
                if re.match(r"[a-z_]+:", line):
                    section = line.split(":")[0]
                # What `tests:` says is wrong or right shows when `tenon test` runs it.
                if section == "tests" or line.strip().startswith("#"):
                    continue
                for description, mutant in mutants_of_line(line):
                    if mutant == line:
                        continue
                    where = f"{name}:{number + 1}: {description}"
                    waiting.append((where, pool.submit(judge, options, folder, len(waiting), text, number, mutant)))
        for where, result in waiting:
            made += 1
            here, anywhere, mended = result.result()
            if mended is not None and not any(re.search(pattern, where) for pattern, _ in OTHERWISE):
                proposed += 1
                restored += mended == "restored"
                if mended != "restored":
                    otherwise.append(f"{where}: {mended}")
            if here:
                found += 1
            elif any(re.search(pattern, where) for pattern, _ in EQUIVALENT):
                equivalent += 1
            else:
                elsewhere += anywhere
                missed.append(where + ("  (told of another line)" if anywhere else ""))
    counted = made - equivalent
    percent = 100.0 * found / max(1, counted)
    for where in missed if options.show or percent < options.least else []:
        print("missed:", where)
    for line in noise:
        print("told of an original:", line)
    print(f"{made} mutants, {equivalent} equivalent by name, {found} of {counted} found on their line ({percent:.1f} %), "
          f"{elsewhere} on another line; {len(noise)} reports of the originals")
    mends = 100.0 * restored / max(1, proposed)
    for where in otherwise if options.show or mends < options.least else []:
        print("not restored:", where)
    print(f"--fix restores {restored} of {proposed} mutants for which a name is proposed ({mends:.1f} %)")
    sys.exit(0 if percent >= options.least and mends >= options.least and proposed > 100 and not noise and made > 100 else 1)


if __name__ == "__main__":
    main()
