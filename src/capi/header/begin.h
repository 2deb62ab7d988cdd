/*
 * libpybuffer: Python's buffer protocol (PEP 3118) and memoryviews for C and C++, without an interpreter.
 *
 * This file is generated from the sources of the library (make header). It is the manual, too: read this comment, then
 * the section that you need.
 *
 * Names. Py... and _Py... are CPython's: the same prototypes, structs, results and exception types as in CPython, GIL
 * build, where versions differ those of 3.15, and the ABI of 3.8 to 3.15, so that a program written, or even compiled, for CPython works here.
 * pybuffer_... and PYBUFFER_... are this library's own.
 *
 * Ownership. Objects are counted. A function that returns an object returns a new reference, which is the caller's to
 * drop with Py_DECREF, unless it says "borrowed". Arguments are borrowed: the function takes its own reference where it
 * keeps one. A view (Py_buffer) that PyObject_GetBuffer has filled holds a reference to its exporter: release it with
 * PyBuffer_Release, once, and do not move the struct in between. What a view points to lives until then.
 *
 * Errors. A function that fails returns NULL or -1, and leaves an error pending in the calling thread: look at it with
 * pybuffer_error_name and pybuffer_error_message or PyErr_ExceptionMatches, and clear it with PyErr_Clear. A call that
 * fails changes nothing and leaks nothing, unless it says otherwise.
 *
 * NULL. Where a comment does not say that NULL is allowed it is an error: SystemError, and the failure value. That holds
 * for the pointers that a function is called with, not for what a hand-made struct contains. An error that is pending
 * already stays: so a call may take the result of another one, and only the last result need be looked at.
 *
 * Threads. Objects may be used, shared and dropped from any thread, without a lock: reference counts, export counts and
 * releases are atomic, and each thread has its own pending error. The program must synchronize:
 *   - the bytes of viewed memory: no thread may write what another one reads or writes at the same time, which includes
 *     the copies, comparisons and hashes of this library;
 *   - the memory of a bytearray across a resize, where it is reached by pointer (PyByteArray_AsString) and not by a view;
 *   - PyMem_SetAllocator, PyType_Ready, _PyBytes_Resize, PyBytes_Concat, PyBytesWriter_* and pybuffer_check_exporter: no
 *     other thread may use the same object, type, writer or allocator meanwhile;
 *   - PyPickleBuffer_Release with uses of the view that PyPickleBuffer_GetBuffer gave, which the release invalidates.
 * A call that reads or writes an object of this library (an item, a slice, a comparison, a copy) does not count as a view
 * of it: in another thread, PyByteArray_Resize waits until the call is done, and a release of a memoryview takes effect
 * after the call. The call does count as a view while it may run functions of the program: those of another operand's
 * exporter, or of an allocator that the program has set. No function of the program is called while a lock is held.
 *
 * While the process has one thread, counts are changed without locked instructions. glibc (2.32 and later) says when that
 * is, and from the first pthread_create on it is over, before the thread starts; with other C libraries the instructions are
 * always locked. The program sees no difference, unless counts are changed behind glibc's back:
 *   - a signal handler must not use objects, not even count them;
 *   - a thread that is not made by the C library (a raw clone) must not use objects, unless one has been that is;
 *   - objects must not lie in memory that several processes share.
 *
 * Exporters written in C are called from whichever thread asks, so they keep their own counts atomically. A program that
 * is compiled with CPython's header instead of this one has that header's Py_INCREF and Py_DECREF, which are not atomic.
 *
 * Stack. A call takes at most 40 KB of stack on x86-64, 48 KB elsewhere, not counting functions of the program that it calls.
 */
#ifndef PYBUFFER_PYBUFFER_H
#define PYBUFFER_PYBUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define PYBUFFER_VERSION "0.1.0"
#define PYBUFFER_VERSION_NUMBER 1000

/* The structs are laid out as CPython's are on machines with pointers of 64 bits, and the inline functions use the atomic
 * built-in functions of gcc and clang. */
#if UINTPTR_MAX != 0xffffffffffffffffu
#  error "libpybuffer supports machines with 64-bit pointers only"
#endif
#if !defined(__GNUC__) && !defined(__clang__)
#  error "this header of libpybuffer needs gcc, clang, or a compiler with their atomic built-in functions (__atomic_load_n)"
#endif

/* Compilers warn where the result of such a function is not used: a new reference would leak, a failure would go unnoticed.
 * They do not if PYBUFFER_NO_WARN_UNUSED is defined before this header is included. */
#ifdef PYBUFFER_NO_WARN_UNUSED
#  define PYBUFFER_WARN_UNUSED
#else
#  define PYBUFFER_WARN_UNUSED __attribute__((__warn_unused_result__))
#endif

/* The argument with this number is a format as printf has it, for the arguments from the other number on (0 where they are a
 * va_list): compilers check these. gcc for Windows would check for the codes of Windows's own printf. */
#if defined(__MINGW32__) && !defined(__clang__)
#  define PYBUFFER_PRINTF(format, first) __attribute__((__format__(__gnu_printf__, format, first)))
#else
#  define PYBUFFER_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _object PyObject;
typedef struct PyVarObject PyVarObject;
typedef struct _typeobject PyTypeObject;
typedef struct PyNumberMethods PyNumberMethods;
typedef struct PySequenceMethods PySequenceMethods;
typedef struct PyMappingMethods PyMappingMethods;
typedef struct PyAsyncMethods PyAsyncMethods;
typedef struct PyBufferProcs PyBufferProcs;
typedef struct PyMethodDef PyMethodDef;
typedef struct PyMemberDef PyMemberDef;
typedef struct PyGetSetDef PyGetSetDef;
typedef struct PyMemAllocatorEx PyMemAllocatorEx;
typedef struct Py_buffer Py_buffer;
typedef struct _PyManagedBufferObject _PyManagedBufferObject;
typedef struct PyMemoryViewObject PyMemoryViewObject;
typedef struct pybuffer_subscript pybuffer_subscript;
typedef struct pybuffer_view_storage pybuffer_view_storage;
typedef struct pybuffer_item pybuffer_item;
typedef struct pybuffer_bytes pybuffer_bytes;
typedef union pybuffer_value_as pybuffer_value_as;
typedef struct pybuffer_value pybuffer_value;
typedef struct pybuffer_ndarray_state pybuffer_ndarray_state;
typedef struct pybuffer_array_interface pybuffer_array_interface;
typedef struct pybuffer_plane pybuffer_plane;
typedef struct pybuffer_finding pybuffer_finding;
typedef struct PyBytesObject PyBytesObject;
typedef struct PyByteArrayObject PyByteArrayObject;
typedef struct PyBytesWriter PyBytesWriter;
