/* Calls a function of C's many times for peers.py, since a call from Python takes longer than some of the work. All
 * arguments are integers or pointers; functions with fewer ignore the others (x86-64). */
long repeat(long count, long (*call)(long, long, long, long, long, long, long), const long *a);

long repeat(long count, long (*call)(long, long, long, long, long, long, long), const long *a)
{
    long failures = 0;
    while (count-- > 0) {
        failures |= (int)call(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    }
    return failures;
}
