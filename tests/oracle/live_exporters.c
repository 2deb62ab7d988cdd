/* For live_exporters.py: the library beside CPython, in one process. Their names are the same, so that the library is
 * loaded where it finds its own first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

void PyErr_Clear(void); /* CPython's */

typedef struct {
    char *text;
    size_t room;
} Text;

static void add_line(void *context, int flags, const char *message)
{
    Text *all = context;
    size_t used = strlen(all->text);
    (void)flags;
    snprintf(all->text + used, all->room - used, "%s\n", message);
}

/* The number of rules that the object breaks, and which, a line each; -2 where the library cannot be had. */
ssize_t check(const char *library, void *object, char *text, size_t room)
{
    ssize_t (*check_exporter)(void *, void (*)(void *, int, const char *), void *);
    Text all = {text, room};
    void *loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    void *function = loaded == NULL ? NULL : dlsym(loaded, "pybuffer_check_exporter");
    if (function == NULL) {
        snprintf(text, room, "%s\n", dlerror());
        return -2;
    }
    memcpy(&check_exporter, &function, sizeof(function));
    ssize_t count = check_exporter(object, add_line, &all);
    PyErr_Clear();
    return count;
}
