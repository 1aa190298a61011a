#include "tools/farm/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "tools/farm/units.h"

const char farm_options_help[] =
    "mxfarm: a loopback mail Internet, for the demo, the tests and the benchmarks\n"
    "\n"
    "usage: mxfarm [options]                  serve until SIGTERM or SIGINT\n"
    "       mxfarm [options] --truth RANGE    print what a correct scanner records, as JSON Lines\n"
    "       mxfarm [options] --list           print the behaviour table\n"
    "\n"
    "It listens on one port of every local address; seed and address choose the behaviour.\n"
    "\n"
    "  --port N               port to listen on; 0: any, named in the ready line (default 2525)\n"
    "  --seed N               which farm (default 1)\n"
    "  --now YYYY-MM-DD       the farm's date, UTC: all validities are relative to it (default "
    "today)\n"
    "  --population FILE      lines `behaviour weight` or `rote:SPEC weight` (default: --list's)\n"
    "  --only NAME            one behaviour everywhere; or rote:SPEC, see doc/farm.md\n"
    "  --front ADDR=HOST:PORT speak SMTP at ADDR up to the 220 to STARTTLS for a server of TLS "
    "that\n"
    "                         listens at HOST:PORT; may be given again\n"
    "  --idle-exit D          stop after so long without a connection (default: never)\n"
    "  --log FILE             one line when a connection opens and one when it closes\n"
    "  --processes N          share the work: descriptors and processors for N (default 1)\n"
    "  --latency SPEC         think before each reply: fixed:20ms, uniform:5ms-80ms or\n"
    "                         lognormal:MEDIAN,SIGMA, such as lognormal:40ms,0.8\n"
    "  --throttle K/m         421 to more than K connections a minute (/s, /h) to one /24 or /48\n"
    "  --truth RANGE          ADDR, ADDR/LEN or ADDR-ADDR\n"
    "  --connect-timeout D    the scanner's time-outs, for --truth (default 10s)\n"
    "  --reply-timeout D      (default 30s)\n"
    "  --tls-timeout D        (default 30s)\n"
    "  --session-timeout D    (default 2m)\n"
    "  --list                 behaviours, weights, and the record that each must lead to\n"
    "  --root                 print the root certificate in PEM\n"
    "  --help, --version\n"
    "\n"
    "Durations take ms, s, m or h. Exit codes: 0 done; 1 a fault; 2 usage.\n";

enum option_id {
    OPTION_PORT = 1,
    OPTION_SEED,
    OPTION_NOW,
    OPTION_POPULATION,
    OPTION_ONLY,
    OPTION_FRONT,
    OPTION_IDLE_EXIT,
    OPTION_LOG,
    OPTION_PROCESSES,
    OPTION_LATENCY,
    OPTION_THROTTLE,
    OPTION_TRUTH,
    OPTION_CONNECT,
    OPTION_REPLY,
    OPTION_TLS,
    OPTION_SESSION,
    OPTION_LIST,
    OPTION_ROOT,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"now", required_argument, NULL, OPTION_NOW},
    {"population", required_argument, NULL, OPTION_POPULATION},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"front", required_argument, NULL, OPTION_FRONT},
    {"idle-exit", required_argument, NULL, OPTION_IDLE_EXIT},
    {"log", required_argument, NULL, OPTION_LOG},
    {"processes", required_argument, NULL, OPTION_PROCESSES},
    {"latency", required_argument, NULL, OPTION_LATENCY},
    {"throttle", required_argument, NULL, OPTION_THROTTLE},
    {"truth", required_argument, NULL, OPTION_TRUTH},
    {"connect-timeout", required_argument, NULL, OPTION_CONNECT},
    {"reply-timeout", required_argument, NULL, OPTION_REPLY},
    {"tls-timeout", required_argument, NULL, OPTION_TLS},
    {"session-timeout", required_argument, NULL, OPTION_SESSION},
    {"list", no_argument, NULL, OPTION_LIST},
    {"root", no_argument, NULL, OPTION_ROOT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

/* ---- values ---- */

static bool parse_duration(uint64_t *out_ms, const char *text)
{
    uint64_t ms;
    const char *rest;
    if (!unit_duration(&ms, &rest, text) || *rest != '\0')
        return false;
    *out_ms = ms;
    return true;
}

static bool parse_port(uint16_t *out, const char *text)
{
    uint64_t n;
    const char *rest;
    if (!unit_number(&n, &rest, text) || *rest != '\0' || n > 65535)
        return false;
    *out = (uint16_t)n;
    return true;
}

static bool parse_processes(uint32_t *out, const char *text)
{
    uint64_t n;
    const char *rest;
    if (!unit_number(&n, &rest, text) || *rest != '\0' || n == 0 || n > FARM_PROCESSES_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool parse_seed(uint64_t *out, const char *text)
{
    const char *rest;
    return unit_number(out, &rest, text) && *rest == '\0';
}

/* parse_date reads YYYY-MM-DD; a day that no month has is refused. */
static bool parse_date(int64_t *out_s, const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (end == NULL || *end != '\0' || strlen(text) != 10 || tm.tm_year < 80 || tm.tm_year > 1000)
        return false;
    struct tm given = tm;
    time_t t = timegm(&tm);
    if (t == (time_t)-1 || tm.tm_mday != given.tm_mday)
        return false;
    *out_s = t;
    return true;
}

static bool parse_text(const char **out, const char *text)
{
    *out = text;
    return *text != '\0';
}

static bool parse_range(struct farm_options *o, const char *text)
{
    o->job = JOB_TRUTH;
    return addr_range_parse(&o->truth, NULL, text, strlen(text));
}

/* add_front returns NULL, or what the value must be. */
static const char *add_front(struct fronts *fronts, const char *text)
{
    struct front front;
    if (!front_parse(&front, text))
        return "addresses and a port like 127.0.0.9=127.0.0.1:4433 or ::1=[::1]:4433";
    if (front_find(fronts, front.addr) != NULL)
        return "each address once";
    if (fronts->num == FRONTS_MAX)
        return "no more than 256 of them";
    fronts->items[fronts->num++] = front;
    return NULL;
}

static bool set_job(struct farm_options *o, enum farm_job job)
{
    o->job = job;
    return true;
}

/* ---- the line ---- */

/* take_option returns NULL, or what the value must be. */
static const char *take_option(struct farm_options *o, enum option_id which, const char *value)
{
    static const char number[] = "a whole number", duration[] = "a duration like 500ms or 2s",
                      file[] = "a file name";
    switch (which) {
    case OPTION_PORT: return parse_port(&o->port, value) ? NULL : "a port from 0 to 65535";
    case OPTION_SEED: return parse_seed(&o->seed, value) ? NULL : number;
    case OPTION_NOW: return parse_date(&o->now_s, value) ? NULL : "a date like 2026-01-31";
    case OPTION_POPULATION: return parse_text(&o->population_file, value) ? NULL : file;
    case OPTION_ONLY: return parse_text(&o->only, value) ? NULL : "a name of --list, or rote:SPEC";
    case OPTION_FRONT: return add_front(&o->fronts, value);
    case OPTION_IDLE_EXIT: return parse_duration(&o->idle_exit_ms, value) ? NULL : duration;
    case OPTION_LOG: return parse_text(&o->log_file, value) ? NULL : file;
    case OPTION_PROCESSES:
        return parse_processes(&o->num_processes, value) ? NULL : "a number from 1 to 64";
    case OPTION_LATENCY:
        return latency_parse(&o->latency, value)
                   ? NULL
                   : "fixed:20ms, uniform:5ms-80ms or lognormal:40ms,0.8, of at most 10m";
    case OPTION_THROTTLE:
        return throttle_parse(&o->throttle, value) ? NULL : "a rate like 60/m, of at most 10000";
    case OPTION_TRUTH:
        return parse_range(o, value) ? NULL : "an address, prefix or range like 127.1.0.0/24";
    case OPTION_CONNECT: return parse_duration(&o->time_outs.connect_ms, value) ? NULL : duration;
    case OPTION_REPLY: return parse_duration(&o->time_outs.reply_ms, value) ? NULL : duration;
    case OPTION_TLS: return parse_duration(&o->time_outs.tls_ms, value) ? NULL : duration;
    case OPTION_SESSION: return parse_duration(&o->time_outs.session_ms, value) ? NULL : duration;
    case OPTION_LIST: return set_job(o, JOB_LIST) ? NULL : "";
    case OPTION_ROOT: return set_job(o, JOB_ROOT) ? NULL : "";
    case OPTION_HELP: return set_job(o, JOB_HELP) ? NULL : "";
    case OPTION_VERSION: return set_job(o, JOB_VERSION) ? NULL : "";
    }
    return "";
}

int farm_options_parse(struct farm_options *o, char *err, size_t err_len, int argc, char **argv,
                       int64_t today_s)
{
    *o = (struct farm_options){.port = 2525,
                               .seed = 1,
                               .now_s = today_s,
                               .num_processes = 1,
                               .time_outs = {10000, 30000, 30000, 120000}};
    int c, index = 0;
    opterr = 0;
    optind = 0; /* begin anew: callers may parse more than one line */
    while ((c = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        if (c == '?' || c == ':') {
            snprintf(err, err_len, "%s: unknown option, or its value is missing; see mxfarm --help",
                     argv[optind - 1]);
            return -EINVAL;
        }
        const char *expected = take_option(o, (enum option_id)c, optarg);
        if (expected != NULL) {
            snprintf(err, err_len, "--%s: give %s, not '%s'", long_options[index].name, expected,
                     optarg);
            return -EINVAL;
        }
    }
    if (optind < argc) {
        snprintf(err, err_len, "%s: no argument is expected here; see mxfarm --help", argv[optind]);
        return -EINVAL;
    }
    if (o->only != NULL && o->population_file != NULL) {
        snprintf(err, err_len, "--only and --population exclude each other; give one of them");
        return -EINVAL;
    }
    return 0;
}
