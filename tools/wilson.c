#include <math.h>

#include "tools/report.h"

/* Wilson's score interval. A sample of a fraction f of a finite population is as good as one of
 * n / (1 - f) of an infinite one. */
void wilson(double *low, double *high, uint64_t count, uint64_t of, double sampled)
{
    static const double z = 1.959963984540054; /* 95 %, two-sided */
    *low = *high = NAN;
    if (of == 0)
        return;
    double p = (double)count / (double)of;
    double n = sampled < 1 ? (double)of / (1 - sampled) : INFINITY;
    double scale = 1 + z * z / n, middle = (p + z * z / (2 * n)) / scale;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale;
    *low = 100 * fmax(0, middle - half);
    *high = 100 * fmin(1, middle + half);
}
