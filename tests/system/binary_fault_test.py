"""Binaries that are none: each is named in one message, nobody else notices."""
import os
import pathlib
import shutil
import struct

from harness import (BYSTANDERS, ROMS, Tree, composition, descriptors, main, private_folder, start,
                     test)

E_MACHINE = 18  # offset in the ELF header, 16 bits
MACHINE_OTHER = 0xf3  # RISC-V


def hello_bytes():
    found = [pathlib.Path(rom) / "hello" for rom in ROMS if (pathlib.Path(rom) / "hello").exists()]
    return found[0].read_bytes()


def patched(offset, data):
    image = bytearray(hello_bytes())
    image[offset:offset + len(data)] = data
    return bytes(image)


def expect_refused(name, fill, *messages):
    """A child whose binary `name` was made by fill(path) does not start, for one of the reasons."""
    with private_folder() as folder:
        if fill:
            fill(folder / name)
        config = composition(BYSTANDERS, start("broken", name), start("hello"))
        with Tree(config, roms=[folder]) as tree:
            tree.expect("[init -> hello] hello", '[init] child "hello" exited with exit value 0')
            for message in messages:
                tree.expect_match(message)
            tree.expect_bystanders()
            assert tree.count(r"\[init\] Error: broken.*") == 1, "one message from init"
            assert tree.count(r"\[core\].*broken.*") <= 1, "one explanation from core"
            again = descriptors(tree.init_pid())
            assert not any(str(folder) in what for what in again), again


def refuse_content(content, *messages):
    expect_refused("odd", lambda path: path.write_bytes(content), *messages)


INVALID = r"\[core\] Error: init -> broken: invalid ELF executable: .+"


@test
def a_missing_binary_is_named():
    expect_refused("nowhere", None, r'.*ROM module "nowhere" not found \(requested by .*broken.*\)',
                   r'\[init\] Error: broken: binary "nowhere" unavailable.*')


@test
def a_text_is_no_binary():
    refuse_content(b"#!/bin/sh\necho hello\n" * 20, INVALID)


@test
def an_empty_file_is_no_binary():
    refuse_content(b"", INVALID)


@test
def a_directory_is_no_binary():
    expect_refused("folder", lambda path: path.mkdir(),
                   r'.*ROM module "folder" refused: not a regular file.*',
                   r'\[init\] Error: broken: binary "folder" unavailable.*')


@test
def a_fifo_is_no_binary_and_nobody_waits_for_its_other_end():
    expect_refused("fifo", os.mkfifo, r'.*ROM module "fifo" refused: not a regular file.*')


@test
def a_symbolic_link_is_not_followed():
    expect_refused("link", lambda path: path.symlink_to("/bin/true"),
                   r'.*ROM module "link" refused: symbolic link.*')


@test
def a_binary_for_another_machine_is_refused():
    refuse_content(patched(E_MACHINE, struct.pack("<H", MACHINE_OTHER)), INVALID)


@test
def a_dynamically_linked_binary_is_refused_without_its_linker():
    expect_refused("dynamic", lambda path: shutil.copy("/bin/true", path),
                   r'\[init\] Error: broken: dynamic linker ".+" unavailable \(denied\)')


@test
def a_truncated_binary_is_refused_wherever_it_is_cut():
    image = hello_bytes()
    for length in (1, 40, 64, 200, len(image) // 2):
        refuse_content(image[:length], INVALID)


@test
def a_file_that_can_not_be_read_is_refused():
    if os.geteuid() == 0:
        refuse_content(b"\x7fELF" + b"\xff" * 4000, INVALID)  # root reads everything
        return
    expect_refused("secret", lambda path: (path.write_bytes(hello_bytes()), path.chmod(0)),
                   r'\[init\] Error: broken: binary "secret" unavailable.*')


@test
def a_path_is_no_module_name():
    for name in ("../hello", "/bin/true", ".."):
        with Tree(composition(BYSTANDERS, start("broken", name))) as tree:
            tree.expect_match(r'\[init\] Error: broken: binary ".+" unavailable.*')
            tree.expect_bystanders()


main()
