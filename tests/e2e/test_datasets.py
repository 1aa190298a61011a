"""What becomes of datasets after the sweep: one is damaged, repaired, and gone on with; the shards of another are merged. In the
end each has every target once, and is the truth. usage: test_datasets.py BUILD-FOLDER"""

import re

import harness as h

TARGETS = "127.48.0.0/24"
PACE = ["-T", "2", "-s", "200", "--flush-interval", "100ms"]


def test_repair(programs, port, folder, expected):
    sweep, mended = folder / "sweep.mxs.zst", folder / "mended.mxs.zst"
    programs.run(*h.sweep_argv(programs, port, sweep, *PACE, TARGETS))
    data = bytearray(sweep.read_bytes())
    starts = [m.start() for m in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), data)]
    for start in starts[2:5]:       # blocks: one of a known length, two of none
        data[start + (60 if start == starts[2] else 4)] ^= 0x55
    sweep.write_bytes(data)
    programs.run(programs.mxstat, "verify", sweep, expect=1)
    said = programs.run(programs.mxstat, "verify", "--repair", mended, sweep).stdout.decode()
    h.check(said.count("block ") >= 3, f"the lost blocks are not named: {said}")
    before = len(programs.export(mended))
    h.check(0 < before < len(expected), f"{before} records after the repair")
    programs.run(programs.mxsweep, "--resume", mended, *h.NO_MANNERS, *h.TIMEOUTS)
    h.compare(programs.export(mended), expected)
    said = programs.run(programs.mxstat, "verify", mended).stdout.decode()
    h.check("repaired: " in said and "every target once" in said, f"verify: {said}")
    print(f"repaired with {before} records, and completed: the truth")


def test_merge(programs, port, folder, expected):
    shards, merged = [folder / f"shard{i}.mxs.zst" for i in range(3)], folder / "merged.mxs.zst"
    for i, shard in enumerate(shards):
        programs.run(*h.sweep_argv(programs, port, shard, *PACE, "--shards", "3", "--shard", i, TARGETS))
    programs.run(programs.mxstat, "verify", *shards)
    programs.run(programs.mxstat, "merge", "-o", merged, *shards)
    h.compare(programs.export(merged), expected)
    programs.run(programs.mxstat, "verify", merged)
    alone = programs.report(merged)["statistics"]
    h.check(alone == programs.report(*shards)["statistics"], "the report is not that of the shards")
    print("three shards merged: the truth, and the same report")


def main():
    programs = h.build_folder()
    expected = h.truth(programs, TARGETS, "--seed", "3")
    with h.scratch() as folder, h.farm(programs, "--seed", "3") as port:
        test_repair(programs, port, folder, expected)
        test_merge(programs, port, folder, expected)


main()
