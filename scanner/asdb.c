#include "scanner/asdb.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/json.h"
#include "core/lines.h"
#include "core/mmdb_copy.h"

enum {
    PROBED_NODES = 100000, /* of the search tree, to find a number in what they lead to */
    DEPTH_BITS = 128,
    AS_DIGITS_MAX = 10
};

/* where a record has its number */
static const char *const PATHS[][3] = {
    {"autonomous_system_number", NULL, NULL},
    {"asn", NULL, NULL},
    {"traits", "autonomous_system_number", NULL},
};
enum { NUM_PATHS = sizeof PATHS / sizeof PATHS[0] };

struct asdb {
    MMDB_s mmdb;
    const char *const *path; /* one of PATHS */
    uint8_t sha256[32];
};

/* ---- numbers ---- */

/* "AS64500" or "64500"; 0: neither */
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

static uint32_t number_at(MMDB_entry_s entry, const char *const *path)
{
    MMDB_entry_data_s data;
    if (MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS || !data.has_data)
        return 0;
    switch (data.type) {
    case MMDB_DATA_TYPE_UINT16: return data.uint16;
    case MMDB_DATA_TYPE_UINT32: return data.uint32;
    case MMDB_DATA_TYPE_INT32: return data.int32 > 0 ? (uint32_t)data.int32 : 0;
    case MMDB_DATA_TYPE_UINT64: return data.uint64 <= UINT32_MAX ? (uint32_t)data.uint64 : 0;
    case MMDB_DATA_TYPE_UTF8_STRING: return parse_number(data.utf8_string, data.data_size);
    default: return 0;
    }
}

static const char *const *path_in(MMDB_entry_s entry)
{
    for (size_t i = 0; i < NUM_PATHS; i++)
        if (number_at(entry, PATHS[i]) != 0)
            return PATHS[i];
    return NULL;
}

/* looks at records, from the lowest address on, until one has a number */
static const char *const *find_path(const MMDB_s *mmdb)
{
    uint32_t stack[DEPTH_BITS + 1];
    size_t depth = 1;
    stack[0] = 0;
    for (unsigned n = 0; n < PROBED_NODES && depth > 0; n++) {
        MMDB_search_node_s node;
        const char *const *path = NULL;
        if (MMDB_read_node(mmdb, stack[--depth], &node) != MMDB_SUCCESS)
            return NULL;
        if (node.left_record_type == MMDB_RECORD_TYPE_DATA)
            path = path_in(node.left_record_entry);
        if (path == NULL && node.right_record_type == MMDB_RECORD_TYPE_DATA)
            path = path_in(node.right_record_entry);
        if (path != NULL)
            return path;
        if (node.right_record_type == MMDB_RECORD_TYPE_SEARCH_NODE && depth < DEPTH_BITS)
            stack[depth++] = (uint32_t)node.right_record;
        if (node.left_record_type == MMDB_RECORD_TYPE_SEARCH_NODE && depth <= DEPTH_BITS)
            stack[depth++] = (uint32_t)node.left_record;
    }
    return NULL;
}

uint32_t asdb_lookup(const struct asdb *db, struct addr a)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const void *sa = &v6;
    if (addr_is_v4(a)) {
        v4.sin_addr.s_addr = htonl((uint32_t)a.lo);
        sa = &v4;
    } else {
        addr_to_bytes(v6.sin6_addr.s6_addr, a);
    }
    int error = 0;
    MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&db->mmdb, sa, &error);
    return error == MMDB_SUCCESS && found.found_entry ? number_at(found.entry, db->path) : 0;
}

/* ---- life ---- */

static void shown_type(char out[ASDB_TYPE_MAX], const MMDB_s *mmdb)
{
    text_for_terminal(out, ASDB_TYPE_MAX, bytes_text(mmdb->metadata.database_type));
}

static int open_database(struct asdb *db, char err[ASDB_ERR_MAX], int fd, const char *path)
{
    char name[MMDB_NAME_MAX], type[ASDB_TYPE_MAX];
    mmdb_copy_name(name, fd);
    int status = MMDB_open(name, MMDB_MODE_MMAP, &db->mmdb);
    if (status == MMDB_FILE_OPEN_ERROR)
        return line_error(err, ASDB_ERR_MAX, -ENOENT, path, 0,
                          "cannot be read as an AS database: that needs %s; mount /proc", name);
    if (status != MMDB_SUCCESS)
        return line_error(err, ASDB_ERR_MAX, -EINVAL, path, 0,
                          "no MaxMind database: %s; name one with AS numbers, such as GeoLite2-ASN",
                          MMDB_strerror(status));
    db->path = find_path(&db->mmdb);
    if (db->path != NULL)
        return 0;
    shown_type(type, &db->mmdb);
    MMDB_close(&db->mmdb);
    return line_error(err, ASDB_ERR_MAX, -EINVAL, path, 0,
                      "a database of type \"%s\", in which no AS numbers are found; name one that "
                      "has them, such as GeoLite2-ASN",
                      type);
}

int asdb_open(struct asdb **out, char err[ASDB_ERR_MAX], const char *path)
{
    int fd = -1;
    struct asdb *db = calloc(1, sizeof *db);
    int rc = db != NULL ? mmdb_copy(&fd, db->sha256, err, ASDB_ERR_MAX, path, "an AS database")
                        : line_error(err, ASDB_ERR_MAX, -ENOMEM, path, 0, "no memory to read it");
    if (rc == 0)
        rc = open_database(db, err, fd, path);
    if (fd >= 0)
        close(fd);
    if (rc != 0)
        free(db);
    else
        *out = db;
    return rc;
}

void asdb_close(struct asdb *db)
{
    if (db == NULL)
        return;
    MMDB_close(&db->mmdb);
    free(db);
}

void asdb_describe(const struct asdb *db, struct asdb_facts *out)
{
    shown_type(out->type, &db->mmdb);
    out->built_s = db->mmdb.metadata.build_epoch;
    out->has_v6 = db->mmdb.metadata.ip_version == 6;
    memcpy(out->sha256, db->sha256, sizeof out->sha256);
}
