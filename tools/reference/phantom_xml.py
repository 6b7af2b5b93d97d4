"""Is a phantom's XML built as that of LIDC-IDRI is?

    clip-lung phantom QUIRKS --patients 28 --seed 1 --quirks
    python tools/reference/phantom_xml.py QUIRKS LIDC

LIDC is a folder with the annotation files of LIDC-IDRI. For each root, namespace, attribute and element, the order of the
elements below it (repetitions counted once), and the form of its text, the real files must have an example; fails with
those that have none. Needs nothing but Python.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

# What is the phantom's own by intent: who read, and UIDs below 2.25.
OWN_TEXT = {"ResponseComments"}
FORMS = {
    "number": r"-?\d+(\.\d+)?",
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d:\d\d",
    "UID": r"\d+(\.\d+){2,}",
    "nothing": r"",
}


def form_of(text):
    """The kind of a text, or the text itself, its digits as 9 and its spaces as one."""
    for name, pattern in FORMS.items():
        if re.fullmatch(pattern, text):
            return name
    return re.sub(r"\s+", " ", re.sub(r"\d+", "9", text))


def features(path):
    """What is to be found in a real file, too: tuples of element, kind of feature, and value."""
    text = path.read_bytes()
    root = ElementTree.fromstring(text)
    yield "file", "declaration", text.split(b"?>")[0].decode()
    for element in root.iter():
        yield element.tag, "attributes", tuple((name, form_of(value)) for name, value in sorted(element.attrib.items()))
        order = [child.tag for child in element]
        order = tuple(tag for i, tag in enumerate(order) if i == 0 or tag != order[i - 1])
        yield element.tag, "elements", order
        name = element.tag.rpartition("}")[2]
        if not order and name not in OWN_TEXT:
            yield element.tag, "text", form_of((element.text or "").strip())


def main(phantom, lidc):
    def counted(folder):
        paths = sorted(folder.rglob("*.xml"))
        assert paths, f"no XML in {folder}"
        return len(paths), Counter(feature for path in paths for feature in features(path))

    files, found = counted(phantom)
    real_files, real = counted(lidc)
    unknown = sorted(str(feature) for feature in found if feature not in real)
    assert not unknown, "\n".join(["no real file has:", *unknown])
    print(f"{files} files of {phantom}: {len(found)} features of structure, each of which {real_files} real files have, too")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
