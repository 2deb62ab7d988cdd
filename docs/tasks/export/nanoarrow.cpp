#include <nanoarrow/nanoarrow.hpp>

#include "../data.hpp"

int main()
{
    nanoarrow::UniqueArray array;
    nanoarrow::UniqueArrayView view;
    auto *samples = new Samples(3);
    NANOARROW_THROW_NOT_OK(ArrowArrayInitFromType(array.get(), NANOARROW_TYPE_FLOAT));
    ArrowBuffer *buffer = ArrowArrayBuffer(array.get(), 1);
    auto destroy = [](ArrowBufferAllocator *allocator, uint8_t *, int64_t) {
        delete static_cast<Samples *>(allocator->private_data);
    };
    ArrowBufferAllocator keep = ArrowBufferDeallocator(destroy, samples);
    NANOARROW_THROW_NOT_OK(ArrowBufferSetAllocator(buffer, keep));
    buffer->data = reinterpret_cast<uint8_t *>(samples->data());
    buffer->size_bytes = static_cast<int64_t>(samples->size() * sizeof(float));
    array->length = static_cast<int64_t>(samples->size());
    NANOARROW_THROW_NOT_OK(ArrowArrayFinishBuildingDefault(array.get(), nullptr));
    ArrowArrayViewInitFromType(view.get(), NANOARROW_TYPE_FLOAT);
    NANOARROW_THROW_NOT_OK(ArrowArrayViewSetArray(view.get(), array.get(), nullptr));
    std::vector<double> numbers;
    for (int64_t i = 0; i < view->length; i++) {
        numbers.push_back(ArrowArrayViewGetDoubleUnsafe(view.get(), i));
    }
    print(numbers);
}
