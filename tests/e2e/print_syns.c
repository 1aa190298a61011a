/* print_syns: what scanner/syns says of a kernel, for test_syns.py to hold against the kernel.
 *   usage: print_syns LINEAR    lines "SYN n at MS" and "TCP_SYNCNT n sends NUM" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner/syns.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: print_syns LINEAR\n");
        return 2;
    }
    unsigned linear = (unsigned)strtoul(argv[1], NULL, 10);
    for (unsigned n = 1; n <= 12; n++) {
        printf("SYN %u at %" PRIu64 "\n", n, syns_time_ns(n, linear) / 1000000);
        printf("TCP_SYNCNT %u sends %u\n", n, syns_sent(n, linear));
    }
    return 0;
}
