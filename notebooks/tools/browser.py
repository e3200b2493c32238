"""Find the browser of this machine for the browser test; on Debian, as root, install one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# A quiet browser: no first-run pages, no calls home, no shared memory of a size that CI lacks.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
)
# What Playwright switches off; a list of our own takes the place of its list.
SWITCHED_OFF_BY_PLAYWRIGHT = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
# The suggestions below the address bar: two more pages for each window, which nobody sees.
SUGGESTIONS = ("WebUIOmniboxAimPopup", "WebUIOmniboxPopup")
INSTALL_SECONDS = 300


class NoBrowser(Exception):
    """There is no browser to test with; the message says which one to install."""


def find_browser(
    path: str | None = None, applications: Sequence[str] = MAC_APPLICATIONS
) -> Path | None:
    """Return the first Chromium or Chrome on this PATH or among these applications, or None."""
    for name in NAMES:
        if found := shutil.which(name, path=path):
            return Path(found)
    return next((Path(name) for name in applications if Path(name).exists()), None)


def browser() -> Path:
    """Return a Chromium, installing Debian's when we may; raises `NoBrowser` with a sentence."""
    found = find_browser()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in ("update", "install --no-install-recommends chromium"):
            subprocess.run(
                ["apt-get", "-y", "-qq", *command.split()],
                env=environment,
                stdin=subprocess.DEVNULL,
                timeout=INSTALL_SECONDS,
                check=False,  # what counts is whether there is a browser afterwards
            )
        found = find_browser()
    if found is None:
        raise NoBrowser(
            "The browser test needs Chromium or Google Chrome and there is neither: install one "
            "(Debian and Ubuntu: sudo apt install chromium; macOS: brew install --cask chromium)."
        )
    return found


def launch_arguments() -> list[str]:
    """Return the arguments that Chromium is started with; as root it takes no sandbox."""
    off = ",".join([*SWITCHED_OFF_BY_PLAYWRIGHT, *SUGGESTIONS])
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [*QUIET, f"--disable-features={off}", *sandbox]
