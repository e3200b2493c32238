"""Set up the project's own Python in .venv: `python3 notebooks/tools/setup.py`.

This file runs before anything is installed, and on whatever Python there is. So it imports the
standard library only, and its syntax is old enough for an old Python to read it and say what to do.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

OLDEST = (3, 11)
NEEDED_BYTES = 1500 * 1000 * 1000
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What a learner may have set for other projects and must not reach this one.
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_TARGET", "PIP_USER", "UV_PYTHON",
           "UV_SYSTEM_PYTHON", "UV_TARGET", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")  # fmt: skip


class SetupError(Exception):
    """The set-up cannot go on; the message is one sentence: what is wrong and what to do."""


def say(text):
    """Print one line of progress at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def version_of(python):
    """Return (major, minor) of the interpreter at this path, or None when it does not run."""
    code = "import sys; print('%d %d' % sys.version_info[:2])"
    try:
        # -I would be right, but Python 2 does not know it.
        answer = subprocess.check_output(
            [python, "-E", "-s", "-c", code], stderr=subprocess.STDOUT, env=clean_environment()
        )
        major, minor = answer.decode("ascii").split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def newer_python(path):
    """Return the first python3.NN on this PATH that is new enough and runs, or None."""
    found = []
    for folder in path.split(os.pathsep):
        try:
            names = os.listdir(folder or os.curdir)
        except OSError:
            continue
        for name in names:
            match = re.match(r"python3\.(\d+)$", name)
            if match and (3, int(match.group(1))) >= OLDEST:
                found.append((int(match.group(1)), os.path.join(folder, name)))
    # The oldest that is new enough: the course is proved there.
    for _, python in sorted(found, key=lambda pair: pair[0]):
        if (version_of(python) or (0, 0)) >= OLDEST:
            return python
    return None


def clean_environment():
    """Return the environment without the settings of a learner's other projects."""
    kept = dict((name, value) for name, value in os.environ.items() if name not in FOREIGN)
    kept["PYTHONNOUSERSITE"] = "1"
    return kept


def fingerprint(root):
    """Return what .venv must have been made from: the pins and the place, hashed."""
    digest = hashlib.sha256(root.encode("utf-8"))
    for name in ("requirements.txt", "constraints.txt"):
        with open(os.path.join(root, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed(root):
    """Say whether .venv is complete and made from the pins of this clone."""
    try:
        with open(os.path.join(root, ".venv", ".complete")) as file:
            stamp = file.read()
    except (IOError, OSError):
        return False
    return stamp == fingerprint(root) and os.path.exists(venv_python(root))


def venv_python(root):
    """Return the path of the interpreter of .venv."""
    return os.path.join(root, ".venv", "bin", "python")


def check_venv_module():
    """Raise SetupError when this Python cannot make a virtual environment."""
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        raise SetupError(
            "This Python (%s) has no `venv` module: install it (on Debian and Ubuntu: "
            "sudo apt install python3-venv), then run the same command again." % sys.executable
        )


def check_disk(root):
    """Raise SetupError when the disk has too little room for .venv."""
    free = shutil.disk_usage(root).free
    if free < NEEDED_BYTES:
        raise SetupError(
            "The disk of %s has %.1f GB free and the course needs %.1f GB: "
            "make room, then run the same command again." % (root, free / 1e9, NEEDED_BYTES / 1e9)
        )


def run(command, root, doing, **more_environment):
    """Run one step of the set-up; raise SetupError naming the step when it fails."""
    environment = dict(clean_environment(), **more_environment)
    status = subprocess.call(command, cwd=root, env=environment)
    if status != 0:
        raise SetupError(
            "%s failed (exit code %d): read the lines above; most often the network or the "
            "package index is out of reach. The same command tries again." % (doing, status)
        )


def package_index(python):
    """Return the address of the index that pip is set to use, for uv, which reads no pip.conf."""
    answer = subprocess.run(
        [python, "-m", "pip", "config", "list"], env=clean_environment(), stdout=subprocess.PIPE
    )
    match = re.search(r"\.index-url='([^']+)'", answer.stdout.decode("utf-8"))
    return {"UV_DEFAULT_INDEX": match.group(1)} if match else {}


def pinned(root, name):
    """Return the line of constraints.txt that pins this package, for example ``uv==1.2.3``."""
    with open(os.path.join(root, "constraints.txt")) as file:
        for line in file:
            if line.startswith(name + "=="):
                return line.split(";")[0].split("#")[0].strip()
    raise SetupError(
        "constraints.txt pins no %s: take the file from git again (git checkout constraints.txt)."
        % name
    )


def install(root):
    """Make .venv and install the pinned packages; the stamp comes last, so half is not whole."""
    check_venv_module()
    check_disk(root)
    folder, python = os.path.join(root, ".venv"), venv_python(root)
    stamp = os.path.join(folder, ".complete")
    if os.path.exists(stamp):
        os.remove(stamp)
    started = time.time()
    # A .venv that was moved, or whose Python is gone or too old, cannot be mended: begin again.
    if (version_of(python) or (0, 0)) < OLDEST or not made_here(root):
        say("Setting up (once): making a Python of its own in .venv")
        run([sys.executable, "-m", "venv", "--clear", folder], root, "Making .venv")
    installer = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    say("Setting up (once): installing the installer, uv")
    run(installer + [pinned(root, "uv")], root, "Installing uv")
    say("Setting up (once): installing the course's packages (about 1.1 GB on disk)")
    run(
        [python, "-m", "uv", "pip", "install", "--python", python, "--compile-bytecode",
         "-r", "requirements.txt"],
        root, "Installing the packages", **package_index(python)
    )  # fmt: skip
    with open(stamp, "w") as file:
        file.write(fingerprint(root))
    say("Set up in %.0f s." % (time.time() - started))


def made_here(root):
    """Say whether .venv was made at its present place: moved, its scripts point elsewhere."""
    try:
        with open(os.path.join(root, ".venv", "bin", "activate")) as file:
            return os.path.join(root, ".venv") in file.read()
    except (IOError, OSError):
        return False


def main():
    """Set up what is missing; quick and silent when nothing is. Return the exit code."""
    if sys.version_info < OLDEST:
        newer = newer_python(os.environ.get("PATH", ""))
        if newer:
            os.execve(newer, [newer, os.path.abspath(__file__)], clean_environment())
        sys.stderr.write(
            "The course needs Python %d.%d or newer and this one is %d.%d (%s): install "
            "a newer one from https://www.python.org/downloads/, then run the same command again.\n"
            % (OLDEST + sys.version_info[:2] + (sys.executable,))
        )
        return 1
    try:
        if not installed(ROOT):
            install(ROOT)
    except SetupError as error:
        sys.stderr.write("%s\n" % error)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. The same command goes on from here.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
