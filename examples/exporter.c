/* A type that exports its memory: a recording of temperatures, which grows with each reading.
 *
 * Consumers ask for its readings by the buffer protocol, without a copy and without this type's header:
 * here a memoryview, and a field of it. While anybody has a view the memory must stay where it is, so
 * the recording refuses to grow. pybuffer_fill_view answers the requests, and at the end
 * pybuffer_check_exporter tries them all.
 */
#define _POSIX_C_SOURCE 200809L

#include <pybuffer/pybuffer.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- The type -------------------------------------------------------------------------- */

typedef struct {
    int64_t seconds;
    float celsius;
} Reading;

/* The same for consumers. In T{} codes are aligned and padded as C does it. */
static char reading_format[] = "T{q:seconds:f:celsius:}";

typedef struct {
    PyObject_HEAD
    pthread_mutex_t lock; /* of all that follows: views may be asked for and released in any thread */
    Reading *readings;
    Py_ssize_t count, room;
    Py_ssize_t exports; /* views that have not been released */
} Recording;

static int
recording_getbuffer(PyObject *exporter, Py_buffer *view, int flags)
{
    Recording *self = (Recording *)exporter;
    Py_buffer memory = {0};
    int status;

    pthread_mutex_lock(&self->lock);
    memory.buf = self->readings;
    memory.len = self->count * (Py_ssize_t)sizeof(Reading);
    memory.itemsize = sizeof(Reading);
    memory.format = reading_format;
    memory.ndim = 1;
    memory.shape = &self->count; /* which does not change before the view is released */
    status = pybuffer_fill_view(view, exporter, &memory, flags);
    if (status == 0)
        self->exports++;
    pthread_mutex_unlock(&self->lock);
    return status;
}

static void
recording_releasebuffer(PyObject *exporter, Py_buffer *view)
{
    Recording *self = (Recording *)exporter;

    (void)view;
    pthread_mutex_lock(&self->lock);
    self->exports--;
    pthread_mutex_unlock(&self->lock);
}

/* Called when the last reference is dropped. Each view holds one, so there are none. */
static void
recording_dealloc(PyObject *object)
{
    Recording *self = (Recording *)object;

    pthread_mutex_destroy(&self->lock);
    free(self->readings);
    PyObject_Free(self);
}

static PyBufferProcs recording_as_buffer = {recording_getbuffer, recording_releasebuffer};

/* To be passed to PyType_Ready() before the first object is made. */
static PyTypeObject Recording_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "Recording",
    .tp_basicsize = sizeof(Recording),
    .tp_dealloc = recording_dealloc,
    .tp_as_buffer = &recording_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static PyObject *
recording_new(void)
{
    Recording *self = PyObject_New(Recording, &Recording_Type);

    if (self == NULL)
        return NULL;
    self->readings = NULL;
    self->count = self->room = self->exports = 0;
    if (pthread_mutex_init(&self->lock, NULL) != 0) {
        PyErr_SetString(PyExc_RuntimeError, "no lock");
        PyObject_Free(self);
        return NULL;
    }
    return (PyObject *)self;
}

/* 0; -1 with a BufferError while there are views, or a MemoryError. */
static int
recording_append(PyObject *object, Reading reading)
{
    Recording *self = (Recording *)object;
    int status = -1;

    pthread_mutex_lock(&self->lock);
    if (self->exports > 0) {
        PyErr_Format(PyExc_BufferError, "%zd views of the recording exist: it cannot grow",
                     self->exports);
    } else if (self->count == self->room) {
        Py_ssize_t room = 2 * self->room + 8;
        Reading *readings = realloc(self->readings, (size_t)room * sizeof *readings);

        if (readings != NULL) {
            self->readings = readings;
            self->room = room;
        } else {
            PyErr_NoMemory();
        }
    }
    if (self->exports == 0 && self->count < self->room) {
        self->readings[self->count++] = reading;
        status = 0;
    }
    pthread_mutex_unlock(&self->lock);
    return status;
}

/* ---- A consumer, which knows nothing about the type -------------------------------------- */

static int
print_field(PyObject *exporter, const char *name)
{
    PyObject *view = PyMemoryView_FromObject(exporter);
    PyObject *field = view != NULL ? pybuffer_memoryview_field(view, name) : NULL;
    PyObject *text = field != NULL ? pybuffer_memoryview_text(field, 6) : NULL;

    if (text != NULL)
        printf("%-8s %s\n", name, PyBytes_AsString(text));
    Py_XDECREF(text);
    Py_XDECREF(field);
    Py_XDECREF(view);
    return text != NULL ? 0 : -1;
}

/* ---- The program ----------------------------------------------------------------------- */

static int
record(PyObject *recording)
{
    static const float day[] = {11.5f, 10.25f, 9.75f, 12.0f, 16.5f, 19.25f, 18.0f, 14.5f};

    for (int i = 0; i < 8; i++)
        if (recording_append(recording, (Reading){10800 * i, day[i]}) < 0)
            return -1;
    return 0;
}

/* Growing fails while there is a view, and works once it has been released. */
static int
grow_beside_a_view(PyObject *recording)
{
    const Reading late = {86400, 12.25f};
    Py_buffer view;
    int refused;

    if (PyObject_GetBuffer(recording, &view, PyBUF_CONTIG_RO) < 0)
        return -1;
    refused = recording_append(recording, late) < 0 && PyErr_ExceptionMatches(PyExc_BufferError);
    if (refused) {
        printf("refused: %s\n", pybuffer_error_message());
        PyErr_Clear();
    }
    PyBuffer_Release(&view);
    if (!refused) {
        if (PyErr_Occurred() == NULL)
            PyErr_SetString(PyExc_RuntimeError, "the recording has grown under a view");
        return -1;
    }
    return recording_append(recording, late);
}

static void
report(void *context, int flags, const char *message)
{
    (void)flags; /* the message names them */
    fprintf(context, "broken: %s\n", message);
}

static int
check(PyObject *recording)
{
    Py_ssize_t broken = pybuffer_check_exporter(recording, report, stderr);

    if (broken > 0)
        PyErr_Format(PyExc_RuntimeError, "%zd rules of the protocol are broken", broken);
    return broken == 0 ? 0 : -1;
}

int
main(void)
{
    PyObject *recording = PyType_Ready(&Recording_Type) == 0 ? recording_new() : NULL;
    int status = -1;

    /* The recording is checked without readings, too. */
    if (recording != NULL && check(recording) == 0 && record(recording) == 0 &&
        print_field(recording, "seconds") == 0 && print_field(recording, "celsius") == 0 &&
        grow_beside_a_view(recording) == 0 && print_field(recording, "celsius") == 0)
        status = check(recording);
    Py_XDECREF(recording);
    if (status < 0) {
        fflush(stdout);
        PyErr_Print();
        return 1;
    }
    printf("No rule of the protocol is broken.\n");
    return 0;
}
