#include <nanoarrow/nanoarrow.hpp>

#include "../data.hpp"

int main()
{
    nanoarrow::UniqueSchema schema;
    nanoarrow::UniqueArray array;
    nanoarrow::UniqueArrayView view;
    ArrowSchemaInit(schema.get());
    NANOARROW_THROW_NOT_OK(
        ArrowSchemaSetTypeFixedSize(schema.get(), NANOARROW_TYPE_FIXED_SIZE_LIST, 4));
    NANOARROW_THROW_NOT_OK(ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_DOUBLE));
    NANOARROW_THROW_NOT_OK(ArrowArrayInitFromSchema(array.get(), schema.get(), nullptr));
    auto keep = ArrowBufferDeallocator([](ArrowBufferAllocator *, uint8_t *, int64_t) {}, nullptr);
    ArrowBuffer *buffer = ArrowArrayBuffer(array->children[0], 1);
    NANOARROW_THROW_NOT_OK(ArrowBufferSetAllocator(buffer, keep));
    buffer->data = reinterpret_cast<uint8_t *>(matrix);
    buffer->size_bytes = sizeof(matrix);
    array->length = 3;
    array->children[0]->length = 12;
    NANOARROW_THROW_NOT_OK(ArrowArrayFinishBuildingDefault(array.get(), nullptr));
    NANOARROW_THROW_NOT_OK(ArrowArrayViewInitFromSchema(view.get(), schema.get(), nullptr));
    NANOARROW_THROW_NOT_OK(ArrowArrayViewSetArray(view.get(), array.get(), nullptr));
    double sum = 0;
    for (int64_t row = 0; row < view->length; row++) {
        sum += ArrowArrayViewGetDoubleUnsafe(view->children[0], 4 * row + 1);
    }
    print(std::vector<double>{sum});
}
