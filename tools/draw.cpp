// `pybuffer draw`: the memory of an array as cells, with the items of a view in it.
#include <algorithm>

#include "commands.hpp"
#include "failure.hpp"
#include "output.hpp"
#include "picture.hpp"
#include "text.hpp"

namespace pb = pybuffer;

namespace tool {

namespace {

/** A copy whose first axis holds pointers to what was along it. */
pb::memoryview behind_pointers(const pb::memoryview &view)
{
    if (view.ndim() == 0) throw failure("--pointers: there is no axis for them");
    if (view.nbytes() > Py_ssize_t{64} << 20) throw failure("--pointers makes a copy, and there are " + grouped(view.nbytes()) + " bytes");
    const Py_buffer &buffer = view.buffer();
    const pb::object array = pb::object::steal(pybuffer_ndarray_zeros(buffer.format, buffer.ndim, buffer.shape, PYBUFFER_ND_PIL));
    const pb::memoryview made(array);
    if (PyObject_CopyData(array.get(), view.get()) < 0) pb::detail::throw_pending();
    return made;
}

} // namespace

std::string draw(const options &asked)
{
    source from = open_source(asked.operands[0], asked.raw);
    if (asked.indirect) from.items = behind_pointers(from.items);
    const pb::memoryview view = selected(from, asked.wanted);
    const pb::axes shape = view.shape(), strides = view.strides();
    picture drawn = make_picture(from.items, view, std::min<Py_ssize_t>(asked.limit.value_or(12), 256));
    std::string what;
    if (!asked.wanted.field.empty()) what += " field " + printable(asked.wanted.field);
    if (!asked.wanted.subscripts.empty()) what += " [" + printable(asked.wanted.subscripts) + "]";
    drawn.title = from.path.substr(from.path.rfind('/') + 1) + what + ": shape " + tuple_text(shape.begin(), shape.size()) + ", strides " +
                  tuple_text(strides.begin(), strides.size());
    if (!view.suboffsets().empty()) drawn.title += ", suboffsets " + tuple_text(view.suboffsets().begin(), view.suboffsets().size());
    std::string format = printable(view.format());
    if (format.size() > 60) format = format.substr(0, 57) + "...";
    drawn.title += ", format " + format;
    const std::string path = asked.output.value_or("-");
    const bool is_svg = path.size() > 4 && path.compare(path.size() - 4, 4, ".svg") == 0;
    const std::string text = is_svg ? as_svg(drawn) : as_text(drawn);
    if (path == "-") return text;
    output into(path);
    into.write(text.data(), text.size());
    into.complete();
    return "";
}

} // namespace tool
