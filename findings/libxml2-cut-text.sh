#!/bin/sh
# What: libxml2 cuts a text of more than 10 MB at a reference in it and still returns the document.
# Why it matters: a caller checks for a null document, as for every other error, and one that did not ask to
#   recover gets none here. A file in base64 (SOAP, feeds, exports) passes whole at any length, until it has one
#   &amp; or line end as &#13;: then it ends there. Only the last error tells.
# Versions: libxml2 2.9.14 of Debian 12 (package libxml2, 2.9.14+dfsg-1.3~deb12u5), Python 3 with ctypes.
# Documented: XML_PARSE_HUGE lifts the limit; not that parsing goes on behind it.
set -eu
python3 - <<'END'
import ctypes
import sys

try:
    xml = ctypes.CDLL("libxml2.so.2")
except OSError:
    sys.exit("needs libxml2 of Debian 12: apt-get install libxml2")
found = ctypes.c_char_p.in_dll(xml, "xmlParserVersion").value.decode()[:5]
if found != "20914":
    sys.exit(f"this is version {found} of libxml2, not 20914")
xml.xmlReadMemory.restype = ctypes.c_void_p
xml.xmlReadMemory.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
xml.xmlDocGetRootElement.restype = xml.xmlNodeGetContent.restype = ctypes.c_void_p
xml.xmlDocGetRootElement.argtypes = xml.xmlNodeGetContent.argtypes = [ctypes.c_void_p]
NOERROR, NOWARNING = 32, 64


def read(reference, length):
    half = b"x" * (length // 2)
    text = b"<a>" + half + reference + half + b"</a>"
    document = xml.xmlReadMemory(text, len(text), None, None, NOERROR | NOWARNING)
    if not document:
        return "no document"
    content = ctypes.string_at(xml.xmlNodeGetContent(xml.xmlDocGetRootElement(document)))
    return f"a document with {len(content)} characters"


is_changed = False
for what, reference, length, guess, known in [
    ("9 MB with one &amp;", b"&amp;", 9_000_000, "a document with 9000001 characters", None),
    ("12 MB", b"", 12_000_000, "a document with 12000000 characters", None),
    ("12 MB with one &amp;", b"&amp;", 12_000_000, "no document, or 12000001 characters",
     "a document with 6000001 characters"),
    ("12 MB with one &#13;", b"&#13;", 12_000_000, "no document, or 12000001 characters",
     "a document with 6000001 characters"),
]:
    seen = read(reference, length)
    print(f"{what}\n  guess: {guess}\n  seen:  {seen}")
    if seen != (known or guess):
        print(f"  CHANGED, was: {known or guess}")
        is_changed = True
sys.exit(is_changed)
END
