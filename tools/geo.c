#include "tools/geo.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/json.h"
#include "core/lines.h"
#include "core/mmdb_copy.h"
#include "tools/geo_tree.h"

enum { PATH_PARTS = 3, NUM_TRIED = 4, AS_DIGITS_MAX = 10, AS_NAME_MAX = 256 };

/* what is known of one record: its country as "DE\0\0", or its number */
struct value {
    uint32_t what; /* 0: not known */
    uint32_t name_len;
    size_t name_at; /* in the texts */
};

struct database {
    struct geo_tree tree;
    struct value *values; /* by number of record */
    uint8_t *texts;
    size_t texts_len, texts_cap;
    struct geo_facts facts;
};

struct geo {
    struct database *by_kind[NUM_GEO_KINDS]; /* NULL: not named */
};

/* ---- schemas ---- */

/* where a record has what is looked for: the first of its paths that has it counts */
struct schema {
    const char *name;
    const char *what[NUM_TRIED][PATH_PARTS];
    const char *text[NUM_TRIED][PATH_PARTS]; /* the name of an AS */
};

static const struct schema country_schemas[] = {
    {"country.iso_code, registered_country.iso_code",
     {{"country", "iso_code"}, {"registered_country", "iso_code"}},
     {{NULL}}},
    {"country_code", {{"country_code"}}, {{NULL}}},
    {"country", {{"country"}}, {{NULL}}},
};

#define AS_NAMES                                                                                   \
    {                                                                                              \
        {"autonomous_system_organization"}, {"as_name"}, {"name"},                                 \
        {                                                                                          \
            "organization"                                                                         \
        }                                                                                          \
    }
static const struct schema as_schemas[] = {
    {"autonomous_system_number", {{"autonomous_system_number"}}, AS_NAMES},
    {"asn", {{"asn"}}, AS_NAMES},
    {"traits.autonomous_system_number",
     {{"traits", "autonomous_system_number"}},
     {{"traits", "autonomous_system_organization"}}},
};

static const struct kind {
    const struct schema *schemas;
    size_t num_schemas;
    const char *what, *lacks;
} kinds[NUM_GEO_KINDS] = {
    [GEO_COUNTRY] = {country_schemas, sizeof country_schemas / sizeof country_schemas[0],
                     "a country database",
                     "no countries are found (two letters, as in \"DE\"); name one that has them, "
                     "such as GeoLite2-Country"},
    [GEO_AS] = {as_schemas, sizeof as_schemas / sizeof as_schemas[0], "an AS database",
                "no AS numbers are found; name one that has them, such as GeoLite2-ASN"},
};

/* ---- values ---- */

/* "AS64496" or "64496"; 0: neither */
static uint32_t parse_number(const char *text, size_t len)
{
    uint64_t value = 0;
    if (len > 2 && (text[0] | 0x20) == 'a' && (text[1] | 0x20) == 's') {
        text += 2;
        len -= 2;
    }
    if (len > AS_DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static uint32_t number_of(const MMDB_entry_data_s *data)
{
    switch (data->type) {
    case MMDB_DATA_TYPE_UINT16: return data->uint16;
    case MMDB_DATA_TYPE_UINT32: return data->uint32;
    case MMDB_DATA_TYPE_INT32: return data->int32 > 0 ? (uint32_t)data->int32 : 0;
    case MMDB_DATA_TYPE_UINT64: return data->uint64 <= UINT32_MAX ? (uint32_t)data->uint64 : 0;
    case MMDB_DATA_TYPE_UTF8_STRING: return parse_number(data->utf8_string, data->data_size);
    default: return 0;
    }
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static uint32_t country_of(const MMDB_entry_data_s *data)
{
    uint32_t country = 0;
    const char *text = data->utf8_string;
    if (data->type == MMDB_DATA_TYPE_UTF8_STRING && data->data_size == 2 && is_letter(text[0]) &&
        is_letter(text[1]))
        memcpy(&country, text, 2);
    return country;
}

static bool get(MMDB_entry_data_s *data, MMDB_entry_s entry, const char *const path[PATH_PARTS])
{
    return path[0] != NULL && MMDB_aget_value(&entry, data, path) == MMDB_SUCCESS && data->has_data;
}

/* what a record of that schema says; 0: not known */
static uint32_t read_what(MMDB_entry_s entry, const struct schema *schema, enum geo_kind kind)
{
    MMDB_entry_data_s data;
    for (size_t i = 0; i < NUM_TRIED; i++) {
        if (!get(&data, entry, schema->what[i]))
            continue;
        uint32_t what = kind == GEO_COUNTRY ? country_of(&data) : number_of(&data);
        if (what != 0)
            return what;
    }
    return 0;
}

static struct bytes read_name(MMDB_entry_s entry, const struct schema *schema)
{
    MMDB_entry_data_s data;
    for (size_t i = 0; i < NUM_TRIED; i++)
        if (get(&data, entry, schema->text[i]) && data.type == MMDB_DATA_TYPE_UTF8_STRING &&
            data.data_size > 0)
            return bytes_of(data.utf8_string,
                            data.data_size < AS_NAME_MAX ? data.data_size : AS_NAME_MAX);
    return bytes_of(NULL, 0);
}

static bool keep_name(struct database *db, struct value *v, struct bytes name)
{
    if (db->texts_cap - db->texts_len < name.len) {
        size_t cap = 2 * db->texts_cap + AS_NAME_MAX;
        uint8_t *texts = realloc(db->texts, cap);
        if (texts == NULL)
            return false;
        db->texts = texts;
        db->texts_cap = cap;
    }
    if (name.len > 0)
        memcpy(db->texts + db->texts_len, name.data, name.len);
    v->name_at = db->texts_len;
    v->name_len = (uint32_t)name.len;
    db->texts_len += name.len;
    return true;
}

/* the schema that most records have; NULL: there is none */
static const struct schema *find_schema(const struct database *db, const MMDB_s *mmdb,
                                        enum geo_kind kind)
{
    const struct schema *best = NULL;
    uint32_t most = 0;
    for (size_t s = 0; s < kinds[kind].num_schemas; s++) {
        const struct schema *schema = &kinds[kind].schemas[s];
        uint32_t known = 0;
        for (uint32_t i = 0; i < db->tree.num_records; i++) {
            MMDB_entry_s entry = {.mmdb = mmdb, .offset = db->tree.offsets[i]};
            known += read_what(entry, schema, kind) != 0;
        }
        if (known > most) {
            most = known;
            best = schema;
        }
    }
    return best;
}

static int read_values(struct database *db, const MMDB_s *mmdb, const struct schema *schema,
                       enum geo_kind kind)
{
    db->values = calloc(db->tree.num_records, sizeof db->values[0]);
    if (db->values == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < db->tree.num_records; i++) {
        MMDB_entry_s entry = {.mmdb = mmdb, .offset = db->tree.offsets[i]};
        struct value *v = &db->values[i];
        v->what = read_what(entry, schema, kind);
        db->facts.num_known += v->what != 0;
        if (v->what != 0 && !keep_name(db, v, read_name(entry, schema)))
            return -ENOMEM;
    }
    return 0;
}

/* ---- life ---- */

static void describe(struct geo_facts *f, const MMDB_s *mmdb)
{
    text_for_terminal(f->type, sizeof f->type, bytes_text(mmdb->metadata.database_type));
    f->built_s = mmdb->metadata.build_epoch;
    f->has_v6 = mmdb->metadata.ip_version == 6;
}

static int take(struct database *db, char err[GEO_ERR_MAX], const MMDB_s *mmdb, const char *path,
                enum geo_kind kind)
{
    describe(&db->facts, mmdb);
    int rc = geo_tree_init(&db->tree, mmdb);
    if (rc == -EINVAL)
        return line_error(err, GEO_ERR_MAX, rc, path, 0,
                          "its search tree cannot be read; fetch it again, or name another");
    const struct schema *schema = rc == 0 ? find_schema(db, mmdb, kind) : NULL;
    if (rc == 0 && schema == NULL)
        return line_error(err, GEO_ERR_MAX, -EINVAL, path, 0,
                          "a database of type \"%s\", in which %s", db->facts.type,
                          kinds[kind].lacks);
    if (rc == 0)
        rc = read_values(db, mmdb, schema, kind);
    if (rc != 0)
        return line_error(err, GEO_ERR_MAX, rc, path, 0, "no memory to read it");
    db->facts.schema = schema->name;
    db->facts.num_records = db->tree.num_records;
    free(db->tree.offsets);
    db->tree.offsets = NULL;
    return 0;
}

static int open_copy(struct database *db, char err[GEO_ERR_MAX], int fd, const char *path,
                     enum geo_kind kind)
{
    MMDB_s mmdb;
    char name[MMDB_NAME_MAX];
    mmdb_copy_name(name, fd);
    int status = MMDB_open(name, MMDB_MODE_MMAP, &mmdb);
    if (status == MMDB_FILE_OPEN_ERROR)
        return line_error(err, GEO_ERR_MAX, -ENOENT, path, 0,
                          "cannot be read as %s: that needs %s; mount /proc", kinds[kind].what,
                          name);
    if (status != MMDB_SUCCESS)
        return line_error(err, GEO_ERR_MAX, -EINVAL, path, 0,
                          "no MaxMind database: %s; fetch it again, or name another",
                          MMDB_strerror(status));
    int rc = take(db, err, &mmdb, path, kind);
    MMDB_close(&mmdb);
    return rc;
}

static void close_database(struct database *db)
{
    if (db == NULL)
        return;
    geo_tree_cleanup(&db->tree);
    free(db->values);
    free(db->texts);
    free(db);
}

static int open_database(struct database **out, char err[GEO_ERR_MAX], const char *path,
                         enum geo_kind kind)
{
    int fd = -1;
    struct database *db = calloc(1, sizeof *db);
    if (db == NULL)
        return line_error(err, GEO_ERR_MAX, -ENOMEM, path, 0, "no memory to read it");
    int rc = mmdb_copy(&fd, db->facts.sha256, err, GEO_ERR_MAX, path, kinds[kind].what);
    if (rc == 0) {
        rc = open_copy(db, err, fd, path, kind);
        close(fd);
    }
    if (rc == 0)
        *out = db;
    else
        close_database(db);
    return rc;
}

int geo_open(struct geo **out, char err[GEO_ERR_MAX], const char *country_path, const char *as_path)
{
    const char *paths[NUM_GEO_KINDS] = {[GEO_COUNTRY] = country_path, [GEO_AS] = as_path};
    struct geo *g = calloc(1, sizeof *g);
    int rc = 0;
    if (g == NULL)
        return line_error(err, GEO_ERR_MAX, -ENOMEM, "databases", 0, "no memory to read them");
    for (enum geo_kind kind = 0; rc == 0 && kind < NUM_GEO_KINDS; kind++)
        if (paths[kind] != NULL)
            rc = open_database(&g->by_kind[kind], err, paths[kind], kind);
    if (rc == 0)
        *out = g;
    else
        geo_close(g);
    return rc;
}

void geo_close(struct geo *g)
{
    if (g == NULL)
        return;
    for (enum geo_kind kind = 0; kind < NUM_GEO_KINDS; kind++)
        close_database(g->by_kind[kind]);
    free(g);
}

bool geo_describe(const struct geo *g, struct geo_facts *out, enum geo_kind kind)
{
    if (g->by_kind[kind] == NULL)
        return false;
    *out = g->by_kind[kind]->facts;
    return true;
}

/* ---- looking up ---- */

void geo_near(const struct geo *g, struct addr a, unsigned near)
{
    for (enum geo_kind kind = 0; kind < NUM_GEO_KINDS; kind++) {
        const struct database *db = g->by_kind[kind];
        if (db != NULL)
            geo_tree_near(&db->tree, a, near);
    }
}

void geo_look(const struct geo *g, struct geo_found *out, struct addr a)
{
    for (enum geo_kind kind = 0; kind < NUM_GEO_KINDS; kind++) {
        const struct database *db = g->by_kind[kind];
        uint32_t number = db != NULL ? geo_tree_find(&db->tree, a) : GEO_NO_RECORD;
        if (number != GEO_NO_RECORD)
            __builtin_prefetch(&db->values[number]);
        out->numbers[kind] = number;
    }
}

static const struct value *value_of(const struct database *db, uint32_t number)
{
    return number != GEO_NO_RECORD ? &db->values[number] : NULL;
}

void geo_tell(const struct geo *g, struct geo_place *out, const struct geo_found *found)
{
    const struct value *country = value_of(g->by_kind[GEO_COUNTRY], found->numbers[GEO_COUNTRY]);
    const struct value *as = value_of(g->by_kind[GEO_AS], found->numbers[GEO_AS]);
    *out = (struct geo_place){.as_number = 0};
    if (country != NULL)
        memcpy(out->country, &country->what, 2);
    if (as != NULL && as->what != 0) {
        out->as_number = as->what;
        if (as->name_len > 0)
            out->as_name = bytes_of(g->by_kind[GEO_AS]->texts + as->name_at, as->name_len);
    }
}

void geo_find(const struct geo *g, struct geo_place *out, struct addr a)
{
    struct geo_found found;
    geo_look(g, &found, a);
    geo_tell(g, out, &found);
}
