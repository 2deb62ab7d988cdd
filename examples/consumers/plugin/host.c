/*
 * A program that embeds CPython and loads plug-ins, whose symbols all others see (RTLD_GLOBAL): host python|plugin PLUGIN...
 * says which comes first. It uses the interpreter's memoryviews and each plug-in in turn.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "plugin.h"

static int use_python(void)
{
    return PyRun_SimpleString("import array, ctypes, hashlib, struct\n"
                              "view = memoryview(array.array('h', range(12))).cast('B').cast('h', (3, 4))\n"
                              "assert view.tolist()[2] == [8, 9, 10, 11] and view[1, 1] == 5\n"
                              "assert bytes(memoryview(b'abcdef')[::-2]) == b'fdb'\n"
                              "assert struct.unpack_from('>H', memoryview(b'\\1\\2')) == (258,)\n"
                              "try:\n"
                              "    memoryview(3)\n"
                              "except TypeError:\n"
                              "    pass\n");
}

static int use_plugin(const char *file)
{
    const short numbers[] = {1, 2, 3, 4, 5, 6};
    void *plugin = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
    double (*sum)(const void *, const char *, ptrdiff_t, ptrdiff_t);

    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *(void **)&sum = dlsym(plugin, "plugin_sum");
    if (sum == NULL || sum(numbers, "h", 2, 3) != 21 || sum(numbers, "no format", 2, 3) != -1) {
        fprintf(stderr, "%s: a wrong sum\n", file);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int python_first = argc > 1 && strcmp(argv[1], "python") == 0;

    if (python_first) {
        Py_Initialize();
        if (use_python() < 0)
            return 1;
    }
    for (int i = 2; i < argc; i++) {
        if (use_plugin(argv[i]) < 0)
            return 1;
    }
    if (!python_first)
        Py_Initialize();
    if (PyErr_Occurred() || use_python() < 0 || Py_FinalizeEx() < 0)
        return 1;
    puts("ok");
    return 0;
}
