"""A virtual machine whose first process is core.

Debian's packaged kernel is fetched by apt and unpacked beside the build, nothing is installed. An
initramfs is made of the build: core, the libraries it is linked with, the components and a config.
qemu emulates the processor, which takes some seconds for a boot and no privilege. What the tree says
comes over the serial line.
"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "escape"))

from harness import KIN_CORE, ROMS, Tree  # noqa: E402

PACKAGE = "linux-image-cloud-amd64"
FOLDER = pathlib.Path(os.environ["KIN_VM"])
MEMORY_MIB = 2048
LSM_ALL = "lsm=landlock,lockdown,yama,integrity"
LSM_NO_LANDLOCK = "lsm=lockdown,yama,integrity"
# What the firmware tells a screen, without ending its last line
FIRMWARE = re.compile(r"\r|\x1b\[[?0-9;]*[A-Za-z]|\x1bc|^Booting from ROM\.*")
BOOT_S = 120  # emulated, and beside whatever else the machine does


def kernel():
    """The path of a kernel, fetched if there is none yet."""
    found = sorted(FOLDER.glob("kernel/boot/vmlinuz-*"))
    if found:
        return found[-1]
    FOLDER.mkdir(parents=True, exist_ok=True)
    depends = subprocess.run(["apt-cache", "depends", "--important", PACKAGE], check=True,
                             capture_output=True, text=True).stdout
    package = re.search(r"Depends: (linux-image-\S+)", depends)[1]
    subprocess.run(["apt-get", "download", "-q", package], cwd=FOLDER, check=True)
    archive = next(FOLDER.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive, FOLDER / "kernel"], check=True)
    shutil.rmtree(FOLDER / "kernel/lib", ignore_errors=True)
    archive.unlink()
    return kernel()


def libraries(program):
    """Paths of all that a program is dynamically linked with, its linker included."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


class Archive:
    """An initramfs: a cpio archive of the kind 'newc'."""

    def __init__(self):
        self.parts = []
        self.folders = set()
        self.number = 0

    def _add(self, name, mode, content=b"", device=(0, 0)):
        self.number += 1
        fields = (self.number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields)
        for piece in (head + name.encode() + b"\0", content):
            self.parts.append(piece + b"\0" * (-len(piece) % 4))

    def folder(self, path):
        for part in [*reversed(pathlib.PurePath(path).parents), pathlib.PurePath(path)]:
            name = str(part).strip("/")
            if name not in ("", ".") and name not in self.folders:
                self.folders.add(name)
                self._add(name, stat.S_IFDIR | 0o755)

    def file(self, path, content, mode=0o755):
        self.folder(pathlib.PurePath(path).parent)
        self._add(path.strip("/"), stat.S_IFREG | mode, content)

    def console(self):
        self.folder("dev")
        self._add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))

    def write(self, path):
        self._add("TRAILER!!!", 0)
        path.write_bytes(b"".join(self.parts))


def initramfs(config, path):
    archive = Archive()
    archive.console()
    archive.file("/config.xml", config.encode(), 0o644)
    archive.file("/kin-core", pathlib.Path(KIN_CORE).read_bytes())
    for library in libraries(KIN_CORE):
        archive.file(library, pathlib.Path(library).read_bytes())
    for folder in ROMS:
        for entry in sorted(pathlib.Path(folder).iterdir()):
            if entry.is_file() and os.access(entry, os.X_OK):
                archive.file(f"/rom/{entry.name}", entry.read_bytes())
    archive.write(path)


class Machine(Tree):
    """A tree whose core is the first process of a machine of its own."""

    count = 0

    def __init__(self, config, *options, ram="1G", caps=20000, lsm=LSM_ALL, status=0):
        self.status = 0  # qemu's
        self.tree_status = status
        self.lines = []
        self.after = 0
        self.rest = b""
        Machine.count += 1
        archive = FOLDER / f"initramfs-{os.getpid()}-{Machine.count}"
        image = kernel()
        initramfs(config, archive)
        words = ["--ram", ram, "--caps", str(caps), "--rom", "/rom", "--config", "/config.xml",
                 *options]
        command = ["qemu-system-x86_64", "-accel", "tcg", "-m", str(MEMORY_MIB), "-smp", "2",
                   "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio", "-kernel", image,
                   "-initrd", archive, "-append",
                   f"console=ttyS0 quiet loglevel=3 panic=-1 {lsm} rdinit=/kin-core -- "
                   + " ".join(words)]
        self._launch(command)
        self.archive = archive

    def _read(self, timeout_s):
        known = len(self.lines)
        more = super()._read(timeout_s)
        self.lines[known:] = [FIRMWARE.sub("", line) for line in self.lines[known:]]
        return more

    def expect_match(self, pattern, begin=0, deadline_s=BOOT_S):
        return super().expect_match(pattern, begin, deadline_s)

    def end(self, with_signal=None):
        """Its power goes off by itself once the tree has ended."""
        if self.process.stdout.closed:
            return
        self.expect(f"kin-core: the tree has ended with status {self.tree_status}")
        self.finish(BOOT_S)
        self.archive.unlink()

    def cut(self):
        """As if somebody pulled the plug."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.archive.unlink()
