"""The template, copied out of the tree: builds with either compiler and linker, exports one symbol, keeps its manifest."""

import os
import shutil
import struct
import subprocess
import tempfile
import unittest

SOURCE = os.environ["TENON_SOURCE"]
TEMPLATE = os.path.join(SOURCE, "sdk", "template")


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(" ".join(arguments) + "\n" + done.stdout + done.stderr)
    return done.stdout


def section(path, wanted):
    """(flags, bytes) of an ELF64 section, or None."""
    with open(path, "rb") as file:
        data = file.read()
    start, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", data, start + i * size) for i in range(count)]
    name_offset = headers[names][4]
    for name, _, flags, _, offset, length in headers:
        if data[name_offset + name:].split(b"\0", 1)[0].decode() == wanted:
            return flags, data[offset:offset + length]
    return None


class Template(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tenon-template-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.source = os.path.join(self.folder, "crm")
        shutil.copytree(TEMPLATE, self.source)

    def build(self, compiler, linker, name):
        if not shutil.which(compiler) or not shutil.which("ld." + linker):
            self.skipTest(f"no {compiler} with ld.{linker}")
        build = os.path.join(self.folder, name)
        flags = f"-fuse-ld={linker} -Wl,--gc-sections"
        run("cmake", "-S", self.source, "-B", build, "-G", "Ninja", f"-Dtenon-sdk_DIR={SOURCE}/sdk/cmake",
            f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_MODULE_LINKER_FLAGS={flags}", "-DCMAKE_BUILD_TYPE=Release",
            "-DCMAKE_CXX_FLAGS=-ffunction-sections -fdata-sections", "-DCRM_TESTS=OFF")
        run("cmake", "--build", build)
        return os.path.join(build, "crm.so")

    def check(self, plugin):
        symbols = run("nm", "-D", "--defined-only", plugin).split("\n")
        self.assertEqual([line.split()[-1] for line in symbols if line], ["tenon_plugin_v1"])
        with open(os.path.join(self.source, "manifest.json"), "rb") as file:
            manifest = file.read()
        flags, found = section(plugin, ".tenon.manifest")
        self.assertEqual(found, manifest)
        self.assertEqual(flags & 0x2, 0, "takes no memory (not SHF_ALLOC)")
        run("strip", plugin)
        self.assertEqual(section(plugin, ".tenon.manifest")[1], manifest, "survives strip")

    def test_every_compiler_and_linker(self):
        for compiler in ("g++", "clang++"):
            for linker in ("bfd", "lld"):
                with self.subTest(compiler=compiler, linker=linker):
                    self.check(self.build(compiler, linker, compiler + linker))

    def test_an_undefined_symbol_fails_the_link(self):
        with open(os.path.join(self.source, "connector.cpp"), "a", encoding="utf-8") as file:
            file.write("void nobody();\nvoid* use() { return reinterpret_cast<void*>(&nobody); }\n"
                       "[[gnu::used]] static void* keep = use();\n")
        with self.assertRaisesRegex(AssertionError, "nobody"):
            self.build("g++", "bfd", "undefined")

    def test_a_broken_manifest_fails_the_configuration(self):
        with open(os.path.join(self.source, "manifest.json"), "w", encoding="utf-8") as file:
            file.write("{")
        with self.assertRaisesRegex(AssertionError, "manifest.json"):
            self.build("g++", "bfd", "broken")


if __name__ == "__main__":
    unittest.main()
