// DLPack, Arrow and NumPy's array interface in pybuffer.hpp: who owns what, on each way, whichever allocation fails. The headers of
// the other protocols come after ours here, and before it in hpp_threads.cpp.
#include <pybuffer/pybuffer.hpp>

#include "dlpack.h"

#include "arrow.h"

#include "failing.hpp"
#include "order.h"
#include "throws.hpp"

#include <numeric>

namespace {

// ---- counted producers ----------------------------------------------------------------------------------------------------

int tensors_made, tensors_deleted;

template <class Tensor> struct Produced {
    float numbers[6] = {0, 1, 2, 3, 4, 5};
    std::int64_t shape[2] = {2, 3};
    Tensor tensor{};
};

/** A tensor whose deleter counts; of this type of device. */
template <class Tensor> Tensor *produce(int device = kDLCPU)
{
    auto *made = new Produced<Tensor>;
    Tensor &tensor = made->tensor;
    if constexpr (std::is_same_v<Tensor, DLManagedTensorVersioned>) tensor.version = {1, 0};
    tensor.dl_tensor.data = made->numbers;
    tensor.dl_tensor.device = {device, 0};
    tensor.dl_tensor.ndim = 2;
    tensor.dl_tensor.dtype = {kDLFloat, 32, 1};
    tensor.dl_tensor.shape = made->shape;
    tensor.manager_ctx = made;
    tensor.deleter = [](Tensor *self) {
        tensors_deleted++;
        delete static_cast<Produced<Tensor> *>(self->manager_ctx);
    };
    tensors_made++;
    return &tensor;
}

int arrays_made, arrays_released, schemas_released;

void release_schema(ArrowSchema *schema)
{
    schemas_released++;
    schema->release = nullptr;
}

/** An array of four integers and its schema, which count their ends. */
pb::arrow_array produce_arrow(const char *format = "i")
{
    struct Memory {
        std::int32_t numbers[4] = {1, 2, 3, 4};
        const void *buffers[2] = {nullptr, numbers};
    };
    pb::arrow_array made;
    auto *memory = new Memory;
    ArrowArray &array = *made.array();
    array.length = 4;
    array.n_buffers = 2;
    array.buffers = memory->buffers;
    array.private_data = memory;
    array.release = [](ArrowArray *self) {
        arrays_released++;
        delete static_cast<Memory *>(self->private_data);
        self->release = nullptr;
    };
    made.schema()->format = format;
    made.schema()->release = release_schema;
    arrays_made++;
    return made;
}

int owners_made, owners_gone;

struct Owner {
    Owner() { owners_made++; }
    Owner(const Owner &) : Owner() {}
    ~Owner() { owners_gone++; }
    void *handle = nullptr;
};

bool balanced()
{
    return tensors_made == tensors_deleted && arrays_made == arrays_released && arrays_made == schemas_released &&
           owners_made == owners_gone;
}

pb::memoryview counting()
{
    std::vector<float> numbers(12);
    std::iota(numbers.begin(), numbers.end(), 0.0f);
    return pb::own(std::move(numbers)).reshape({3, 4});
}

// ---- DLPack ---------------------------------------------------------------------------------------------------------------

void a_tensor_keeps_the_memory_until_it_is_deleted()
{
    pb::memoryview view = counting();
    const void *data = view.data();
    pb::dlpack<> tensor = view.to_dlpack();
    pb::dlpack<DLManagedTensor> old = view.to_dlpack<DLManagedTensor>();
    static_assert(!std::is_copy_constructible_v<pb::dlpack<>> && std::is_nothrow_move_constructible_v<pb::dlpack<>>);
    view = pb::memoryview();
    CHECK_PTR(tensor->dl_tensor.data, data);
    CHECK_PTR(old->dl_tensor.data, data);
    HOLDS(tensor->dl_tensor.ndim == 2 && tensor->dl_tensor.shape[1] == 4 && tensor->flags == 0);
    old.reset();
    HOLDS(static_cast<const float *>(tensor->dl_tensor.data)[11] == 11);
    // A consumer takes it.
    DLManagedTensorVersioned *taken = tensor.release();
    taken->deleter(taken);
    HOLDS(counting().toreadonly().to_dlpack()->flags == DLPACK_FLAG_BITMASK_READ_ONLY);
}

void exports_are_refused_with_the_library_s_errors()
{
    const pb::memoryview view = counting();
    HOLDS(throws<pb::buffer_error>([&] { view.toreadonly().to_dlpack(PYBUFFER_DLPACK_WRITABLE); }));
    HOLDS(throws<pb::buffer_error>([&] { view.toreadonly().to_dlpack<DLManagedTensor>(); }));
    HOLDS(throws<pb::buffer_error>([&] { view.astype(OTHER "f").to_dlpack(); }));
    HOLDS(throws<pb::system_error>([&] { view.to_dlpack(1 << 20); }));
    HOLDS(throws<pb::system_error>([] { pb::memoryview().to_dlpack(); }));
    HOLDS(throws<pb::buffer_error>([&] { view.transpose().to_arrow(); }));
    HOLDS(throws<pb::system_error>([] { pb::memoryview().to_arrow(); }));
    HOLDS(throws<pb::buffer_error>([] { pb::memoryview("(2)f", {2}).to_array_interface(); }));
    HOLDS(throws<pb::system_error>([] { pb::memoryview().to_array_interface(); }));
}

template <class Tensor> void imports_of()
{
    {
        pb::memoryview part = pb::from_dlpack(produce<Tensor>())[1];
        HOLDS(part.text() == "[3.0, 4.0, 5.0]" && !part.readonly());
        CHECK_INT(tensors_made - tensors_deleted, 1);
    }
    HOLDS(balanced());
    {
        pb::dlpack<Tensor> owner(produce<Tensor>());
        const pb::memoryview view = pb::from_dlpack(std::move(owner));
        HOLDS(!owner && view.count() == 6);
    }
    HOLDS(balanced());
    { // an owner that nobody asks
        const pb::dlpack<Tensor> owner(produce<Tensor>());
    }
    HOLDS(balanced());
    // What is refused has been deleted.
    HOLDS(throws<pb::buffer_error>([] { pb::from_dlpack(produce<Tensor>(kDLCUDA)); }));
    HOLDS(balanced());
    pb::dlpack<Tensor> other(produce<Tensor>(kDLCUDA));
    HOLDS(throws<pb::buffer_error>([&] { pb::from_dlpack(std::move(other)); }));
    HOLDS(!other && balanced());
    HOLDS(throws<pb::system_error>([] { pb::from_dlpack(produce<Tensor>(), 1 << 20); }));
    HOLDS(balanced());
    HOLDS(throws<pb::system_error>([] { pb::from_dlpack(static_cast<Tensor *>(nullptr)); }));
    // Some tensors have no deleter.
    Produced<Tensor> lent;
    lent.tensor = *pb::dlpack<Tensor>(produce<Tensor>());
    lent.tensor.dl_tensor.data = lent.numbers;
    lent.tensor.dl_tensor.shape = lent.shape;
    lent.tensor.deleter = nullptr;
    HOLDS(pb::from_dlpack(&lent.tensor)[0].text() == "[0.0, 1.0, 2.0]");
    const pb::dlpack<Tensor> not_deleted(&lent.tensor);
}

void imported_tensors_are_deleted_once()
{
    imports_of<DLManagedTensorVersioned>();
    imports_of<DLManagedTensor>();
    HOLDS(balanced());
}

void a_pending_error_survives_a_deleter()
{
    pb::dlpack<> tensor = counting().to_dlpack();
    pb::arrow_array array = counting().to_arrow();
    PyErr_SetString(PyExc_ValueError, "pending");
    tensor.reset();
    array = pb::arrow_array();
    HOLDS(PyErr_ExceptionMatches(PyExc_ValueError));
    PyErr_Clear();
}

// ---- Arrow ----------------------------------------------------------------------------------------------------------------

void an_arrow_array_moves()
{
    static_assert(!std::is_copy_constructible_v<pb::arrow_array> && std::is_nothrow_move_constructible_v<pb::arrow_array> &&
                  std::is_nothrow_move_assignable_v<pb::arrow_array> && std::is_nothrow_swappable_v<pb::arrow_array>);
    const pb::memoryview view = counting();
    pb::arrow_array array = view.to_arrow();
    HOLDS(array && array.array()->length == 3 && array.array()->n_children == 1);
    CHECK_STR(array.schema()->format, "+w:4");
    pb::arrow_array moved = std::move(array);
    HOLDS(!array && array.schema()->release == nullptr && moved);
    pb::arrow_array &same = moved;
    moved = std::move(same);
    HOLDS(moved && moved.array()->length == 3);
    // A consumer that takes the array only.
    ArrowArray taken = std::exchange(*moved.array(), ArrowArray());
    taken.release(&taken);
    HOLDS(!moved && moved.schema()->release != nullptr);
    array = view.to_arrow();
    array = view.to_arrow(); // the first one is released
    swap(array, moved);
    HOLDS(moved && !array);
}

void imported_arrays_are_released_once()
{
    {
        pb::arrow_array array = produce_arrow();
        const pb::memoryview view = pb::from_arrow(std::move(array));
        HOLDS(!array && array.schema()->release == nullptr && view.text() == "[1, 2, 3, 4]" && view.readonly());
        CHECK_INT(schemas_released, arrays_made);
        CHECK_INT(arrays_released, arrays_made - 1);
    }
    HOLDS(balanced());
    {
        const pb::arrow_array unused = produce_arrow();
    }
    HOLDS(balanced());
    pb::arrow_array refused = produce_arrow("b"); // truth values are bits
    HOLDS(throws<pb::buffer_error>([&] { pb::from_arrow(std::move(refused)); }));
    HOLDS(!refused && balanced());
    HOLDS(throws<pb::value_error>([&] { pb::from_arrow(std::move(refused)); }));
    // Nothing is moved from half of a pair.
    pb::arrow_array half = produce_arrow();
    HOLDS(throws<pb::system_error>([&] { pb::from_arrow(half.array(), nullptr); }));
    HOLDS(half && half.schema()->release != nullptr);
    half = pb::arrow_array();
    HOLDS(balanced());
    // There and back, without a copy.
    const pb::memoryview view = counting(), back = pb::from_arrow(view.to_arrow());
    HOLDS(back == view && back.data() == view.data());
}

// ---- NumPy ----------------------------------------------------------------------------------------------------------------

void an_array_interface_has_an_owner()
{
    const pb::memoryview view = counting();
    pb::array_interface array = view.transpose().to_array_interface();
    HOLDS(array->two == 2 && array->nd == 2 && array->shape[0] == 4 && array->strides[1] == 16 && array->typekind == 'f');
    HOLDS(pb::from_array_interface(*array) == view.transpose()); // which is lent
    {
        const pb::memoryview kept = pb::from_array_interface(*array, Owner());
        CHECK_INT(owners_made - owners_gone, 1);
        HOLDS(kept.data() == view.data());
    }
    HOLDS(balanced());
    const pb::memoryview back = pb::from_array_interface(std::move(array));
    HOLDS(!array && back == view.transpose());
    HOLDS(throws<pb::system_error>([&] { pb::from_array_interface(std::move(array)); }));
    pb::array_interface wrong = view.to_array_interface();
    wrong->two = 3;
    HOLDS(throws<pb::value_error>([&] { pb::from_array_interface(*wrong, Owner()); }));
    HOLDS(balanced());
    HOLDS(throws<pb::value_error>([&] { pb::from_array_interface(std::move(wrong)); }));
}

// ---- whichever allocation fails -------------------------------------------------------------------------------------------

template <class Tensor> void everything_of_dlpack(const pb::memoryview &view)
{
    pb::dlpack<Tensor> tensor = view.to_dlpack<Tensor>();
    static_cast<void>(pb::from_dlpack(std::move(tensor)).text());
    static_cast<void>(pb::from_dlpack(produce<Tensor>())[0]);
}

void everything()
{
    const pb::memoryview view = counting();
    everything_of_dlpack<DLManagedTensorVersioned>(view);
    everything_of_dlpack<DLManagedTensor>(view);
    static_cast<void>(pb::from_arrow(view.to_arrow()).transpose());
    static_cast<void>(pb::from_arrow(produce_arrow()));
    pb::array_interface array = view.to_array_interface();
    static_cast<void>(pb::from_array_interface(*array, Owner()));
    static_cast<void>(pb::from_array_interface(std::move(array)));
    float numbers[4] = {};
    static_cast<void>(pb::own(Owner(), numbers, {2, 2}));
}

void nothing_leaks_whichever_allocation_fails()
{
    check_failing_allocations(everything, 5, 20, balanced);
}

} // namespace

int main()
{
    hooks_install();
    RUN(a_tensor_keeps_the_memory_until_it_is_deleted);
    RUN(exports_are_refused_with_the_library_s_errors);
    RUN(imported_tensors_are_deleted_once);
    RUN(a_pending_error_survives_a_deleter);
    RUN(an_arrow_array_moves);
    RUN(imported_arrays_are_released_once);
    RUN(an_array_interface_has_an_owner);
    RUN(nothing_leaks_whichever_allocation_fails);
    HOLDS(balanced());
    return tap_end();
}
