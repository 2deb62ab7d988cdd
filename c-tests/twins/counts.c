/* since: 3.14. Reference counts that are asked for, tried and made immortal; constants by number. */
#include "twin.h"

static void ask(const char *name, PyObject *op)
{
    printf("%s: immortal %d unique %d\n", name, PyUnstable_IsImmortal(op) != 0, PyUnstable_Object_IsUniquelyReferenced(op) != 0);
}

static int tried;

static void last_dealloc(PyObject *self)
{
    tried = PyUnstable_TryIncRef(self);
    Py_TYPE(self)->tp_free(self);
}

static PyTypeObject Last = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "Last", .tp_basicsize = sizeof(PyObject),
                            .tp_flags = Py_TPFLAGS_DEFAULT, .tp_dealloc = last_dealloc};

int main(void)
{
    Py_Initialize();
    twin_start();
    PyType_Ready(&Last);
    PyObject *bytes = PyBytes_FromString("some bytes");
    ask("bytes", bytes);
    PyObject *other = Py_NewRef(bytes);
    ask("shared", bytes);
    Py_DECREF(other);
    ask("unique again", bytes);
    ask("None", Py_None);
    ask("True", Py_True);
    ask("a type", (PyObject *)&PyBytes_Type);
    ask("a type of the program", (PyObject *)&Last);
    PyObject *empty = PyBytes_FromString(""), *one = PyBytes_FromString("x");
    ask("empty bytes", empty);
    ask("one byte", one);
    PyUnstable_EnableTryIncRef(bytes);
    int result = PyUnstable_TryIncRef(bytes);
    printf("try %d refcount %lld\n", result, (long long)Py_REFCNT(bytes));
    Py_DECREF(bytes);
    printf("try None %d, a type %d\n", PyUnstable_TryIncRef(Py_None), PyUnstable_TryIncRef((PyObject *)&PyBytes_Type));
    PyObject *last = PyObject_New(PyObject, &Last);
    tried = -1;
    Py_DECREF(last);
    printf("try in tp_dealloc %d\n", tried);
#if TWIN_VERSION >= 0x030f00
    other = Py_NewRef(bytes);
    printf("shared made immortal %d\n", PyUnstable_SetImmortal(bytes));
    Py_DECREF(other);
    printf("made immortal %d\n", PyUnstable_SetImmortal(bytes));
    printf("again %d, None %d\n", PyUnstable_SetImmortal(bytes), PyUnstable_SetImmortal(Py_None));
    ask("immortal", bytes);
    for (int i = 0; i < 100; i++) {
        Py_DECREF(bytes);
    }
    ask("after many", bytes);
    printf("%s\n", PyBytes_AsString(bytes));
#else
    Py_DECREF(bytes);
#endif
    twin_title("constants");
    printf("%d %d %d %d %d\n", Py_GetConstant(0) == Py_None, Py_GetConstant(1) == Py_False, Py_GetConstant(2) == Py_True,
           Py_GetConstant(4) == Py_NotImplemented, Py_GetConstant(8) == empty);
    printf("%d %d %d %d %d\n", Py_GetConstantBorrowed(0) == Py_None, Py_GetConstantBorrowed(1) == Py_False,
           Py_GetConstantBorrowed(2) == Py_True, Py_GetConstantBorrowed(4) == Py_NotImplemented,
           Py_GetConstantBorrowed(8) == empty);
    for (unsigned int number = 10; number < 13; number++) {
        PyObject *constant = Py_GetConstant(number);
        printf("%d %s\n", constant == NULL, twin_error());
        constant = Py_GetConstantBorrowed(number);
        printf("%d %s\n", constant == NULL, twin_error());
    }
    printf("types %d %d %d %d\n", Py_IS_TYPE(Py_True, &PyBool_Type), Py_IS_TYPE(Py_False, &PyBool_Type),
           PyBool_Type.tp_base == &PyLong_Type, PyLong_Type.tp_base == &PyBaseObject_Type);
    printf("flags %d %d\n", PyType_GetFlags(&Last) == Last.tp_flags, (PyType_GetFlags(&PyBytes_Type) & Py_TPFLAGS_BYTES_SUBCLASS) != 0);
    Py_Finalize();
    return 0;
}
