#include "numpy.hpp"

#include <unordered_set>
#include <vector>

#include "failure.hpp"
#include "text.hpp"

namespace pb = pybuffer;

namespace tool {

namespace {

/** The array-protocol name of one element: "<f8", "|S5". */
std::string type_text(const pybuffer_item &item)
{
    const auto named = [&item](const std::string &kind, Py_ssize_t number) {
        const bool has_order = item.kind == PYBUFFER_KIND_TEXT ? number > 0 : number > 1;
        return (has_order ? std::string(1, item.byteorder) : std::string("|")) + kind + std::to_string(number);
    };
    const auto plain = [](const std::string &kind, Py_ssize_t number) { return "|" + kind + std::to_string(number); };
    switch (item.kind) {
    case PYBUFFER_KIND_PAD: return plain("V", item.length);
    case PYBUFFER_KIND_CHAR: return "|S1";
    case PYBUFFER_KIND_SIGNED: return named("i", item.itemsize);
    case PYBUFFER_KIND_UNSIGNED: return named("u", item.itemsize);
    case PYBUFFER_KIND_BOOL: return "|b1";
    case PYBUFFER_KIND_FLOAT: return named("f", item.itemsize);
    case PYBUFFER_KIND_BYTES: return plain("S", item.length);
    case PYBUFFER_KIND_COMPLEX:
        // Ze: two halves.
        if (item.itemsize >= 8) return named("c", item.itemsize);
        throw failure("NumPy has no complex numbers of halves");
    case PYBUFFER_KIND_TEXT:
        if (item.itemsize == 4 * item.length) return named("U", item.length);
        throw failure("NumPy has no text of two bytes a unit (u)");
    case PYBUFFER_KIND_OBJECT: return "|O";
    case PYBUFFER_KIND_PASCAL: throw failure("NumPy has no strings with a length (p)");
    case PYBUFFER_KIND_BITS: throw failure("NumPy has no bits (t)");
    default: throw failure("NumPy has no addresses (" + std::string(item.code) + ")");
    }
}

/** The names of fields as NumPy has them: those without one become f0, f1, the first that is free. */
std::vector<std::string> names_of(const std::vector<const pybuffer_item *> &fields)
{
    std::unordered_set<std::string> used;
    for (const pybuffer_item *field : fields) {
        if (field->name != nullptr && !used.insert(field->name).second) {
            throw failure("NumPy has no records in which two fields have the same name");
        }
    }
    std::vector<std::string> names;
    std::size_t next = 0;
    for (const pybuffer_item *field : fields) {
        std::string name = field->name != nullptr ? field->name : "";
        while (field->name == nullptr && (name.empty() || used.count(name) != 0)) name = "f" + std::to_string(next++);
        names.push_back(name);
    }
    return names;
}

std::string shape_text(const pybuffer_item &item)
{
    return item.ndim == 0 ? "" : ", " + tuple_text(item.shape, static_cast<std::size_t>(item.ndim));
}

/** How records with padding are written. */
enum class spelling { dictionary, padded_list };

/** The type of one element of an item. */
std::string dtype_text(const pybuffer_item &item, spelling as)
{
    if (item.kind == PYBUFFER_KIND_OBJECT && as == spelling::padded_list) throw failure("a .npy file has no objects but pickled ones");
    if (item.kind != PYBUFFER_KIND_RECORD) return python_text(type_text(item));
    const auto fields = fields_of(item);
    const auto names = names_of(fields);
    if (fields.empty()) return as == spelling::dictionary ? "[]" : python_text("|V" + std::to_string(item.itemsize));
    std::string list, all_names, formats, offsets;
    Py_ssize_t end = 0;
    bool has_padding = false;
    const auto pad = [&](Py_ssize_t to) {
        if (to == end) return;
        has_padding = true;
        if (as == spelling::padded_list) {
            list += (list.empty() ? "" : ", ") + std::string("('', '|V") + std::to_string(to - end) + "')";
        }
    };
    for (std::size_t i = 0; i < fields.size(); i++) {
        const pybuffer_item &field = *fields[i];
        const std::string type = dtype_text(field, as), shape = shape_text(field), comma = i > 0 ? ", " : "";
        pad(field.offset);
        list += (list.empty() ? "" : ", ") + std::string("(") + python_text(names[i]) + ", " + type + shape + ")";
        all_names += comma + python_text(names[i]);
        formats += comma + (shape.empty() ? type : "(" + type + shape + ")");
        offsets += comma + std::to_string(field.offset);
        end = field.offset + bytes_of(field);
    }
    pad(item.itemsize);
    if (!has_padding || as == spelling::padded_list) return "[" + list + "]";
    return "{'names': [" + all_names + "], 'formats': [" + formats + "], 'offsets': [" + offsets +
           "], 'itemsize': " + std::to_string(item.itemsize) + "}";
}

/** Latin-1, where the text has nothing else; else nothing. */
bool to_latin1(const std::string &text, std::string &latin1)
{
    latin1.clear();
    for (std::size_t i = 0; i < text.size(); i++) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
            latin1 += text[i];
        } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size()) {
            latin1 += static_cast<char>(static_cast<unsigned char>((byte & 3) << 6 | (text[++i] & 0x3f)));
        } else {
            return false;
        }
    }
    return true;
}

} // namespace

std::string python_text(const std::string &text)
{
    const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
    std::string out(1, quote);
    for (const char byte : text) {
        if (byte == quote || byte == '\\') out += '\\';
        out += byte;
    }
    return printable(out + quote);
}

std::string numpy_dtype(const pybuffer_item &item)
{
    const std::string type = dtype_text(item, spelling::dictionary), shape = shape_text(item);
    return shape.empty() ? type : "(" + type + shape + ")";
}

std::string npy_header(const pybuffer_item &item, pb::axes shape, bool fortran_order)
{
    std::string text = "{'descr': " + dtype_text(item, spelling::padded_list) +
                       ", 'fortran_order': " + (fortran_order ? "True" : "False") +
                       ", 'shape': " + tuple_text(shape.begin(), shape.size()) + ", }";
    // NumPy leaves room for the axis along which arrays are appended to grow to 21 digits.
    if (!shape.empty()) text += std::string(21 - std::to_string(shape[fortran_order ? shape.size() - 1 : 0]).size(), ' ');
    std::string latin1;
    const bool is_latin1 = to_latin1(text, latin1);
    if (is_latin1) text = latin1;
    // 6 bytes of magic, 2 of the version, the length, the text, spaces up to the next multiple of 64, and a line end. NumPy adds 64
    // spaces where none are needed.
    const auto padded = [&text](std::size_t start) { return ((start + text.size() + 1) / 64 + 1) * 64 - start; };
    const bool is_short = is_latin1 && padded(10) < 65536;
    const std::size_t start = is_short ? 10 : 12, length = padded(start);
    std::string header = "\x93NUMPY";
    header += is_short ? '\1' : is_latin1 ? '\2' : '\3';
    header += '\0';
    for (std::size_t i = 0; i < start - 8; i++) header += static_cast<char>(static_cast<unsigned char>(length >> 8 * i));
    return header + text + std::string(length - text.size() - 1, ' ') + "\n";
}

} // namespace tool
