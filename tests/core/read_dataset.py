"""read_dataset.py FILE: counts the outcomes in a dataset, with nothing but a zstd and a CBOR library."""
import collections, io, sys, cbor2, zstandard
column = lambda c, n: [c[0] + sum(plane[i] << 8 * k for k, plane in enumerate(c[1:])) for i in range(n)]
outcomes = collections.Counter()
with open(sys.argv[1], "rb") as f:
    stream = io.BytesIO(zstandard.ZstdDecompressor().stream_reader(f, read_across_frames=True).read())
while stream.tell() < len(stream.getbuffer()):
    item = cbor2.load(stream)
    if item[0] == 1:                                       # a block
        shapes, connects = item.get(8, []), item.get(12, {0: 0, 2: [0]})
        used = [r[1] for r in item.get(9, [])] + column(connects[2], connects[0])
        outcomes.update((shapes[s][0], shapes[s][1]) for s in used)
        outcomes.update({(stage, cause): n for stage, cause, n in item.get(13, [])})
for (stage, cause), n in sorted(outcomes.items()):
    print(stage, cause, n)
