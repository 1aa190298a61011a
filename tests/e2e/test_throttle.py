"""Networks that throttle: a farm that lets only so many connections a minute into a /24 says 421 to the others; with retries
every target ends with its true outcome, none as "STARTTLS not offered", and the earlier attempts are in the record.
usage: test_throttle.py BUILD-FOLDER"""

import harness as h

TARGETS = "127.64.0.0/24"
# one /24 sees no more than this; a second in place of a minute, so that the test need not wait for minutes
ALLOWED = "60/s"
HEALTHY = ("tls13-p256", "any-rsa2048", "tls12-p256", "no-starttls", "greeting-554", "silent-ehlo")


def main():
    programs = h.build_folder()
    with h.scratch() as folder:
        population = folder / "population.txt"
        listed = programs.run(programs.mxfarm, "--list").stdout.decode()
        known = [name for name in HEALTHY if f"`{name}`" in listed]
        population.write_text("".join(f"{name} 100\n" for name in known))
        options = ["--seed", "11", "--population", population]
        expected = h.truth(programs, TARGETS, *options)
        with h.farm(programs, *options, "--throttle", ALLOWED) as port:
            hasty = folder / "hasty.mxs.zst"
            programs.run(*h.sweep_argv(programs, port, hasty, "-r", "0", "-s", "200", "-T", "2", TARGETS))
            throttled = [r for r in programs.export(hasty) if r["cause"] == "throttled"]
            h.check(len(throttled) > 50, f"only {len(throttled)} of the hasty sweep's targets were throttled")
            h.check(all(r["smtp_code"] == 421 and "attempts" not in r for r in throttled), "throttled, at once")

            patient = folder / "patient.mxs.zst"
            programs.run(*h.sweep_argv(programs, port, patient, "-r", "0", "-s", "200", "-T", "2", "--retries", "3",
                                       "--retry-delay", "1s", TARGETS))
            records = programs.export(patient)
            h.compare(records, expected)
            programs.run(programs.mxstat, "verify", patient)
    again = [r for r in records if "attempts" in r]
    h.check(len(again) > 0, "nobody was visited twice")
    for r in again:
        h.check(1 <= len(r["attempts"]) <= 3, f"attempts: {r}")
        h.check(all(a["stage"] == "greeting" and a["cause"] == "throttled" and a["smtp_code"] == 421
                    for a in r["attempts"]), f"attempts: {r['attempts']}")
        starts = [a["start"] for a in r["attempts"]] + [r["start"]]
        h.check(starts == sorted(starts), f"starts: {starts}")
    print(f"{len(throttled)} of {len(expected)} throttled without retries, none with; {len(again)} visited again")


main()
