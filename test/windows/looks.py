# SPDX-License-Identifier: MIT
"""A desktop under Wine that looks as a real one does: fonts, signs in the windows' corners, light or dark."""

import pathlib
import shutil
import struct
import subprocess

FACE = "DejaVu Sans"


def set_looks(prefix, dark=False, desktop=None):
    """Before the first program that draws; without such a font on this machine Wine's own letters stay. `desktop`: all
    programs are on a virtual one of that name and size."""
    for signs in pathlib.Path("/usr/share/wine/fonts").glob("marlett.ttf"):  # of the window's corner
        prefix.place(signs, prefix.windows / "Fonts" / signs.name)
    lines = ["Windows Registry Editor Version 5.00", "",
             r"[HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize]",
             f'"AppsUseLightTheme"=dword:{0 if dark else 1:08x}', ""]
    if has_face():
        lines += fonts()
    if desktop:
        name, size = desktop
        lines += [r"[HKEY_CURRENT_USER\Software\Wine\Explorer]", f'"Desktop"="{name}"', "",
                  r"[HKEY_CURRENT_USER\Software\Wine\Explorer\Desktops]", f'"{name}"="{size}"', ""]
    path = prefix.drive_c / "looks.reg"
    path.write_text("\r\n".join(lines), encoding="utf-8")
    prefix.run(["regedit", "/S", path])
    if desktop:
        prefix.renew_launcher()


def has_face():
    return shutil.which("fc-list") and FACE in subprocess.run(["fc-list"], capture_output=True, text=True, timeout=20,
                                                              check=False).stdout


def fonts():
    def font(weight):
        numbers = struct.pack("<iiiiiBBBBBBBB", -11, 0, 0, 0, weight, 0, 0, 0, 1, 0, 0, 0, 0)
        return ",".join(f"{b:02x}" for b in numbers + FACE.encode("utf-16le").ljust(64, b"\0"))

    return [r"[HKEY_CURRENT_USER\Control Panel\Desktop]", '"FontSmoothing"="2"',
            '"FontSmoothingType"=dword:00000001', '"FontSmoothingGamma"=dword:00000578',
            '"FontSmoothingOrientation"=dword:00000001', "",
            r"[HKEY_CURRENT_USER\Control Panel\Desktop\WindowMetrics]",
            *(f'"{name}"=hex:{font(400)}' for name in ("MenuFont", "MessageFont", "StatusFont")),
            f'"CaptionFont"=hex:{font(600)}', '"MenuHeight"="-300"', "",
            r"[HKEY_CURRENT_USER\Software\Wine\Fonts\Replacements]", '"Consolas"="DejaVu Sans Mono"', ""]
