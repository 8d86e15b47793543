"""Packs a safetensors file without loss, or unpacks it: python3 pack.py [--unpack] FOLDER

FOLDER/model.safetensors <-> FOLDER/model.safetensors.zip with the entries header, even and odd: the bytes of the data at
even and at odd offsets. Filigree reads either form; others want the plain one.
"""
import os
import struct
import sys
import zipfile

folder = sys.argv[-1]
plain = os.path.join(folder, "model.safetensors")
packed = plain + ".zip"
if "--unpack" in sys.argv:
    with zipfile.ZipFile(packed) as z:
        header, even, odd = z.read("header"), z.read("even"), z.read("odd")
    data = bytearray(len(even) + len(odd))
    data[0::2], data[1::2] = even, odd
    with open(plain, "wb") as f:
        f.write(header + data)
else:
    with open(plain, "rb") as f:
        content = f.read()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, part in [("header", content[:start]), ("even", content[start::2]), ("odd", content[start + 1::2])]:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, part, compresslevel=9)
    os.remove(plain)
