#!/usr/bin/env python3
"""make_world.py: makes tools/data/world.txt, the outlines of countries that the maps of a report are drawn from.
usage: make_world.py FOLDER >tools/data/world.txt
FOLDER holds two unpacked npm packages: `npm pack world-atlas@2.0.2 i18n-iso-countries@7.14.0`, then `tar xzf` of each with
--one-top-level. world-atlas is Natural Earth 4.1 (public domain) as TopoJSON; the other gives alpha-2 for ISO's numbers.

What is done: Equal Earth projection (Savric, Patterson, Jenny 2018) with its middle at 11 degrees east, whole units, 1,000
of them across; borders are simplified once for both sides (Douglas and Peucker). What would be smaller than a dot, or has no
outline at 1:110 million, becomes a dot: its middle, by the outlines of 1:50 million. Antarctica is left out."""

import json
import math
import pathlib
import sys

WIDTH, MIDDLE, CUT = 1000, 11.0, -169.0
TOLERANCE = 0.45  # units
RING_MIN, DOT_MAX = 1.5, 9.0  # square units: smaller rings are left out; countries not larger are dots
DOT_EDGE = 4  # units: dots keep this far from the edges
HEAD = """# Outlines of countries for the maps of a report: code, name, then an outline as an SVG path or, for what is too
# small, the middle as X,Y. Code: ISO 3166-1 alpha-2, XK for Kosovo, -- for land that has none. Names and borders are
# those of Natural Earth 4.1 (public domain, naturalearthdata.com), which draws who holds the land; they are no
# statement of ours. Equal Earth projection, {width} by {height} units. Written by scripts/make_world.py.
"""

LONG = {  # what Natural Earth abbreviates
    "W. Sahara": "Western Sahara", "Dem. Rep. Congo": "Democratic Republic of the Congo", "Dominican Rep.": "Dominican Republic",
    "Falkland Is.": "Falkland Islands", "Fr. S. Antarctic Lands": "French Southern Lands",
    "Central African Rep.": "Central African Republic", "Eq. Guinea": "Equatorial Guinea", "Solomon Is.": "Solomon Islands",
    "Bosnia and Herz.": "Bosnia and Herzegovina", "S. Sudan": "South Sudan", "Marshall Is.": "Marshall Islands",
    "N. Mariana Is.": "Northern Mariana Islands", "U.S. Virgin Is.": "U.S. Virgin Islands",
    "S. Geo. and the Is.": "South Georgia", "Br. Indian Ocean Ter.": "British Indian Ocean Territory",
    "Pitcairn Is.": "Pitcairn Islands", "Cayman Is.": "Cayman Islands", "British Virgin Is.": "British Virgin Islands",
    "Turks and Caicos Is.": "Turks and Caicos Islands", "St. Vin. and Gren.": "Saint Vincent and the Grenadines",
    "St. Kitts and Nevis": "Saint Kitts and Nevis", "Cook Is.": "Cook Islands",
    "St. Pierre and Miquelon": "Saint Pierre and Miquelon", "Wallis and Futuna Is.": "Wallis and Futuna",
    "St-Martin": "Saint Martin", "St-Barthélemy": "Saint Barthélemy", "Fr. Polynesia": "French Polynesia",
    "Faeroe Is.": "Faroe Islands", "Heard I. and McDonald Is.": "Heard and McDonald Islands",
    "Antigua and Barb.": "Antigua and Barbuda", "Congo": "Republic of the Congo", "Macedonia": "North Macedonia",
    "eSwatini": "Eswatini", }
# ISO gives these a code; in Natural Earth they are part of another country
PARTS = {"CX": ("Christmas Island", 105.6, -10.5), "CC": ("Cocos Islands", 96.8, -12.2), "GI": ("Gibraltar", -5.35, 36.1),
         "GP": ("Guadeloupe", -61.5, 16.2), "MQ": ("Martinique", -61.0, 14.6), "YT": ("Mayotte", 45.2, -12.8),
         "RE": ("Réunion", 55.5, -21.1), "TK": ("Tokelau", -171.8, -9.2), "TV": ("Tuvalu", 179.2, -8.5),
         "BQ": ("Caribbean Netherlands", -68.3, 12.2), "BV": ("Bouvet Island", 3.4, -54.4)}
WITHOUT = {"N. Cyprus": "--", "Somaliland": "--", "Kosovo": "XK"}


def project(lon, lat):
    a = (1.340264, -0.081106, 0.000893, 0.003796)
    t = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(lat)))
    slope = 9 * a[3] * t ** 8 + 7 * a[2] * t ** 6 + 3 * a[1] * t ** 2 + a[0]
    x = 2 * math.sqrt(3) * math.radians(lon - MIDDLE) * math.cos(t) / (3 * slope)
    return x, -(a[3] * t ** 9 + a[2] * t ** 7 + a[1] * t ** 3 + a[0] * t)


def unwrapped(points):
    """longitudes from CUT on; an arc that crosses 180 degrees goes on beyond it"""
    lons = [lon for lon, _ in points]
    crosses = any(abs(a - b) > 180 for a, b in zip(lons, lons[1:]))
    if crosses or sum(lons) / len(lons) < CUT - 2.5:
        return [(lon + 360 if lon < CUT else lon, lat) for lon, lat in points]
    return points


def arcs_of(topology):
    (kx, ky), (x0, y0) = topology["transform"]["scale"], topology["transform"]["translate"]
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * kx + x0, y * ky + y0))
        yield [project(lon, lat) for lon, lat in unwrapped(points)]


def away(p, a, b):
    """distance of p from the segment from a to b"""
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy) if dx or dy else 0
    along = min(1, max(0, along))
    return math.hypot(p[0] - a[0] - along * dx, p[1] - a[1] - along * dy)


def simplified(points):
    if len(points) < 3:
        return points
    distances = [away(p, points[0], points[-1]) for p in points[1:-1]]
    far = max(range(len(distances)), key=distances.__getitem__) + 1
    if distances[far - 1] <= TOLERANCE:
        return [points[0], points[-1]]
    return simplified(points[:far + 1])[:-1] + simplified(points[far:])


def rings_of(geometry, arcs):
    polygons = {"Polygon": [geometry["arcs"]], "MultiPolygon": geometry["arcs"]}[geometry["type"]]
    for polygon in polygons:
        for ring in polygon:
            points = []
            for i in ring:
                arc = arcs[i] if i >= 0 else arcs[~i][::-1]
                points += arc[1:] if points else arc
            yield points


def area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:])) / 2


def middle(ring):
    """of what the ring encloses"""
    whole = area(ring) or 1e-9
    cross = [(a, b, a[0] * b[1] - b[0] * a[1]) for a, b in zip(ring, ring[1:])]
    return tuple(sum((a[i] + b[i]) * c for a, b, c in cross) / (6 * whole) for i in (0, 1))


def path_of(ring):
    """relative steps, as short as SVG allows"""
    points = []
    for p in ring[:-1]:
        if not points or p != points[-1]:
            points.append(p)
    if len(points) < 3 or abs(area(points + points[:1])) < RING_MIN:
        return ""
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(points, points[1:])]
    numbers = [n for step in steps for n in step]
    text = "".join((" " if i and n >= 0 else "") + str(n) for i, n in enumerate(numbers))
    return f"M{points[0][0]} {points[0][1]}l{text}z"


def dot(x, y):
    """the map is cut where the ocean is widest: a dot beyond an edge stands at it"""
    return f"{min(WIDTH - DOT_EDGE, max(DOT_EDGE, x)):.0f},{y:.0f}"


class Countries:
    def __init__(self, folder, scale):
        topology = json.load(open(next(folder.glob("world-atlas*")) / f"package/countries-{scale}.json"))
        codes = {r[2]: r[0] for r in json.load(open(next(folder.glob("i18n-iso-countries*")) / "package/codes.json"))}
        self.arcs = list(arcs_of(topology))
        self.list = []
        for g in topology["objects"]["countries"]["geometries"]:
            name = g["properties"]["name"]
            code = codes.get(g.get("id"), WITHOUT.get(name))
            if code not in ("AQ", None):
                self.list.append((code, LONG.get(name, name), g))


def parts(code, name, rings, place):
    """French Guiana and Svalbard have a code of their own"""
    split = {"FR": ("GF", "French Guiana", 0, place([project(-40, 4)])[0]),
             "NO": ("SJ", "Svalbard and Jan Mayen", 1, place([project(15, 73)])[0])}.get(code)
    if split is None:
        return [(code, name, rings)]
    other_code, other_name, axis, before = split
    there = [r for r in rings if r[0][axis] < before[axis]]
    return [(code, name, [r for r in rings if r not in there]), (other_code, other_name, there)]


def main():
    folder = pathlib.Path(sys.argv[1])
    coarse, fine = Countries(folder, "110m"), Countries(folder, "50m")
    # how large the whole is: land of 1:110 million, Antarctica left out
    land = [p for _, _, g in coarse.list for r in rings_of(g, coarse.arcs) for p in r]
    left, top = min(x for x, _ in land), min(y for _, y in land)
    unit = WIDTH / (max(x for x, _ in land) - left)

    def place(points):
        return [((x - left) * unit, (y - top) * unit) for x, y in points]

    def whole(points):
        return [(round(x), round(y)) for x, y in points]

    height = max(y for _, y in whole(place(land)))
    coarse.arcs = [whole(simplified(place(a))) for a in coarse.arcs]
    places, dots = {}, {}
    for code, name, g in coarse.list:
        for c, n, rings in parts(code, name, list(rings_of(g, coarse.arcs)), place):
            outline = "".join(map(path_of, rings))
            if sum(abs(area(r)) for r in rings) > DOT_MAX:
                places[c if c != "--" else n] = (c, n, outline)
            else:
                dots[c] = n
    fine.arcs = [place(a) for a in fine.arcs]
    for code, name, g in fine.list:
        if code in places or name in places or code == "--":
            continue
        x, y = middle(max(rings_of(g, fine.arcs), key=lambda r: abs(area(r))))
        places[code] = (code, name, dot(x, y))
    for code, (name, lon, lat) in PARTS.items():
        ((x, y),) = place([project(*unwrapped([(lon, lat)])[0])])
        places[code] = (code, name, dot(x, y))
    missing = set(dots) - {c for c, _, _ in places.values()}
    if missing:
        raise SystemExit(f"make_world.py: no place for {missing}")
    print(HEAD.format(width=WIDTH, height=height), end="")
    for _, line in sorted((p[0], "\t".join(p)) for p in places.values()):
        print(line)


main()
