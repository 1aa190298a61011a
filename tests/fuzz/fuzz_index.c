/* fuzz_index: the small items behind the blocks: index, trailer, event. In a file, hashes stand
 * before them; here they do not. */
#include <stdlib.h>

#include "core/dataset_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_index(struct bytes payload)
{
    struct dataset_index_entry few[4];
    char err[DATASET_ERR_MAX] = "";
    size_t num = 0, again = 0;
    int rc = dataset_index_decode(NULL, 0, &num, payload, err);
    if (rc != 0 && (err[0] == '\0' || num != 0))
        abort();
    if (dataset_index_decode(few, 4, &again, payload, err) != rc || again != num)
        abort();
    if (rc != 0)
        return;
    struct dataset_index_entry *all = calloc(num + 1, sizeof *all);
    if (dataset_index_decode(all, num, &again, payload, err) != 0 || again != num)
        abort();
    for (size_t i = 0; i < num; i++)
        if (all[i].payload_len > DATASET_ITEM_MAX || (i < 4 && all[i].offset != few[i].offset))
            abort();
    free(all);
}

/* an event that is taken is written again as it was, unless it has keys that are not known */
static void check_event(struct bytes payload)
{
    struct dataset_event_view e;
    char err[DATASET_ERR_MAX] = "", what[512];
    uint8_t previous[HASH_LEN] = {0};
    if (dataset_event_decode(&e, payload, err) != 0) {
        if (err[0] == '\0')
            abort();
        return;
    }
    if (e.num_details > DATASET_DETAILS_MAX || e.what.len >= sizeof what)
        abort();
    memcpy(what, e.what.data, e.what.len);
    what[e.what.len] = '\0';
    struct cbor_writer w;
    cbor_writer_init(&w, DATASET_ITEM_MAX);
    event_encode(&w, previous, e.at_us, what, e.details, e.num_details);
    if (w.bad)
        abort();
    cbor_writer_cleanup(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes payload = bytes_of(data, len);
    struct dataset_trailer trailer;
    char err[DATASET_ERR_MAX] = "";
    check_index(payload);
    check_event(payload);
    if (dataset_trailer_decode(&trailer, payload, err) != 0 && err[0] == '\0')
        abort();
    return 0;
}
