// `pybuffer format`: what a format describes.
#include <vector>

#include "commands.hpp"
#include "cstruct.hpp"
#include "failure.hpp"
#include "numpy.hpp"
#include "text.hpp"

namespace pb = pybuffer;

namespace tool {

namespace {

/** The tree of the items, a row each: offset, bytes, name, format, meaning. */
void add_rows(std::vector<std::vector<std::string>> &rows, const pybuffer_item &item, Py_ssize_t start, const std::string &indent)
{
    const std::string name = item.name != nullptr ? printable(item.name) : "";
    std::string meaning = kind_text(item);
    if (item.ndim > 0) meaning = tuple_text(item.shape, static_cast<std::size_t>(item.ndim)) + " of: " + meaning;
    const bool is_whole = item.code[0] == '\0';
    if (!is_whole) {
        const bool is_record = item.kind == PYBUFFER_KIND_RECORD;
        rows.push_back({std::to_string(start), std::to_string(bytes_of(item)), indent + (name.empty() ? "-" : name),
                        is_record ? "T{...}" : printable(item_format(item)), meaning});
    }
    Py_ssize_t end = 0;
    const std::string deeper = indent + (is_whole ? "" : "  ");
    const auto pad = [&](Py_ssize_t to) {
        if (to > end) rows.push_back({std::to_string(start + end), std::to_string(to - end), deeper + "(padding)", "", ""});
    };
    if (item.kind != PYBUFFER_KIND_RECORD) return;
    for (const pybuffer_item *field : fields_of(item)) {
        pad(field->offset);
        add_rows(rows, *field, start + field->offset, deeper);
        end = std::max(end, field->offset + bytes_of(*field));
    }
    pad(item.itemsize);
}

std::string json_of(const pybuffer_item &item)
{
    std::string text = "{";
    const auto add = [&text](const std::string &key, const std::string &value) {
        text += (text.size() > 1 ? ", \"" : "\"") + key + "\": " + value;
    };
    if (item.name != nullptr) add("name", json_text(item.name));
    add("code", json_text(item.code));
    add("offset", std::to_string(item.offset));
    add("itemsize", std::to_string(item.itemsize));
    if (item.ndim > 0) {
        std::string shape;
        for (Py_ssize_t i = 0; i < item.ndim; i++) shape += (i > 0 ? ", " : "") + std::to_string(item.shape[i]);
        add("shape", "[" + shape + "]");
    }
    if (item.kind == PYBUFFER_KIND_BITS) {
        add("first_bit", std::to_string(item.first_bit));
        add("bits", std::to_string(item.length));
    }
    const bool has_order = item.kind != PYBUFFER_KIND_RECORD && (item.itemsize > 1 || item.kind == PYBUFFER_KIND_BITS) &&
                           item.kind != PYBUFFER_KIND_BYTES && item.kind != PYBUFFER_KIND_PASCAL && item.kind != PYBUFFER_KIND_PAD;
    if (has_order) add("byteorder", json_text(std::string(1, item.byteorder)));
    if (item.kind == PYBUFFER_KIND_RECORD) {
        std::string fields;
        for (const pybuffer_item *field : fields_of(item)) fields += (fields.empty() ? "" : ", ") + json_of(*field);
        add("fields", "[" + fields + "]");
    }
    return text + "}";
}

std::vector<unsigned char> parsed_bytes(const std::string &digits)
{
    std::vector<unsigned char> bytes;
    int half = -1;
    for (const char byte : digits) {
        if (byte == ' ' || byte == ':') continue;
        const int digit = byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                          : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
        if (digit < 0) throw failure("--bytes: expected hexadecimal digits");
        if (half >= 0) bytes.push_back(static_cast<unsigned char>(half << 4 | digit));
        half = half < 0 ? digit : -1;
    }
    if (half >= 0) throw failure("--bytes: expected two digits for each byte");
    return bytes;
}

/** The values of the one item in these bytes, as text or as JSON. */
std::string values_text(const format &parsed, const std::vector<unsigned char> &bytes, bool as_json)
{
    if (static_cast<Py_ssize_t>(bytes.size()) != parsed.itemsize()) {
        throw failure("--bytes: the item has " + counted(parsed.itemsize(), "byte") + ", not " + grouped(static_cast<Py_ssize_t>(bytes.size())));
    }
    const Py_ssize_t count = parsed.value_count();
    if (count > 1 << 20) throw failure("--bytes: the item has " + counted(count, "value"));
    std::vector<pybuffer_value> values(static_cast<std::size_t>(count) + 1);
    const unsigned char none = 0;
    pb::detail::checked(pybuffer_format_unpack(parsed.get(), bytes.empty() ? &none : bytes.data(), values.data()));
    return as_json ? item_json(parsed.root(), values.data()) : item_text(parsed.root(), values.data());
}

} // namespace

std::string describe_format(const options &asked)
{
    const format parsed(asked.operands[0]);
    const std::string canonical = parsed.canonical();
    std::string values;
    if (asked.bytes) values = values_text(parsed, parsed_bytes(*asked.bytes), asked.json);
    std::string dtype, reason;
    try {
        dtype = numpy_dtype(parsed.root());
    } catch (const failure &none) {
        reason = none.what();
    }
    if (asked.json) {
        return "{\"format\": " + json_text(asked.operands[0]) + ", \"canonical\": " + json_text(canonical) +
               ", \"itemsize\": " + std::to_string(parsed.itemsize()) + ", \"alignment\": " + std::to_string(parsed.alignment()) +
               ", \"item\": " + json_of(parsed.root()) + ", \"numpy\": " + (reason.empty() ? json_text(dtype) : "null") +
               (asked.bytes ? ", \"values\": " + values : "") + "}\n";
    }
    std::vector<std::vector<std::string>> facts = {
        {"format", printable(asked.operands[0])},
        {"canonical", printable(canonical)},
        {"size", counted(parsed.itemsize(), "byte")},
        {"alignment", std::to_string(parsed.alignment())},
        {"values", grouped(parsed.value_count())},
    };
    std::vector<std::vector<std::string>> rows = {{"offset", "bytes", "field", "format", "meaning"}};
    add_rows(rows, parsed.root(), 0, "");
    std::string text = table(facts, {}) + "\n" + table(rows, {true, true});
    text += "\nC:\n" + c_declaration(parsed.root(), parsed.itemsize());
    text += "\nNumPy:\n" + (reason.empty() ? "numpy.dtype(" + dtype + ")" : "no dtype: " + reason) + "\n";
    if (asked.bytes) text += "\nValues:\n" + values + "\n";
    return text;
}

} // namespace tool
