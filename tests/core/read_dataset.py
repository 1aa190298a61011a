"""read_dataset.py FILE: counts the outcomes in a dataset, with nothing but a zstd and a CBOR library."""
import collections, io, sys, cbor2, zstandard
column = lambda c, n: [c[0] + sum(plane[i] << 8 * k for k, plane in enumerate(c[1:])) for i in range(n)]
unpacked = zstandard.ZstdDecompressor().stream_reader(open(sys.argv[1], "rb"), read_across_frames=True)
outcomes, stream = collections.Counter(), io.BytesIO(unpacked.read())
while stream.tell() < len(stream.getbuffer()):
    if (item := cbor2.load(stream))[0] == 1:               # a block: shapes, records, connects, counts
        used = [r[1] for r in item.get(9, [])] + (column(item[12][2], item[12][0]) if 12 in item else [])
        outcomes.update((item[8][s][0], item[8][s][1]) for s in used)
        outcomes.update({(stage, cause): n for stage, cause, n in item.get(13, [])})
print(*(f"{stage} {cause} {n}" for (stage, cause), n in sorted(outcomes.items())), sep="\n")
