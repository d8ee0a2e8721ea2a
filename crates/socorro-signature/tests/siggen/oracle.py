"""Prints what siggen makes of crashes: one JSON object a line in, one a line out.

A crash that has "json_dump" is a processed one; any other is siggen's own structure. The first
argument, if there is one, is a folder with lists.
"""

import json
import sys

from siggen.generator import SignatureGenerator
from siggen.utils import convert_to_crash_data

folder = {"signature_list_dir": sys.argv[1]} if len(sys.argv) > 1 else {}
generator = SignatureGenerator(**folder)
for line in sys.stdin:
    crash = convert_to_crash_data(json.loads(line))
    result = generator.generate(crash)
    print(
        json.dumps(
            {
                "signature": result.signature,
                "proto_signature": result.extra.get("proto_signature"),
                "notes": result.notes,
            }
        )
    )
