#include "cstruct.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text.hpp"

namespace tool {

namespace {

/** A type of C's, and what the declaration cannot say. */
struct c_type {
    std::string name;
    Py_ssize_t alignment = 1;
    std::string note;
};

const char *const keywords[] = {
    "alignas",  "alignof",  "auto",     "bool",     "break",    "case",     "char",   "complex", "const",    "constexpr", "continue",
    "default",  "do",       "double",   "else",     "enum",     "extern",   "false",  "float",   "for",      "goto",      "if",
    "inline",   "int",      "long",     "nullptr",  "register", "restrict", "return", "short",   "signed",   "sizeof",    "static",
    "static_assert", "struct", "switch", "thread_local", "true", "typedef", "typeof", "union", "unsigned", "void", "volatile",
    "while",    "I",
};

/** The names of a struct, and the last number that was tried to make one of each that is taken. */
struct names {
    std::unordered_set<std::string> used;
    std::unordered_map<std::string, std::size_t> tried;
};

/** A name that C has, and that no other field has: "int" becomes "int_", and if that is taken, "int_2". */
std::string identifier(const std::string &name, names &in)
{
    std::string made = name;
    for (char &byte : made) {
        if (!std::isalnum(static_cast<unsigned char>(byte)) || static_cast<unsigned char>(byte) >= 0x80) byte = '_';
    }
    if (made.empty() || std::isdigit(static_cast<unsigned char>(made[0]))) made = "_" + made;
    const auto is_taken = [&in](const std::string &text) {
        return in.used.count(text) != 0 || std::find(std::begin(keywords), std::end(keywords), text) != std::end(keywords);
    };
    const std::string plain = made;
    while (is_taken(made)) {
        const std::size_t number = ++in.tried[plain];
        made = plain + "_" + (number == 1 ? "" : std::to_string(number));
    }
    in.used.insert(made);
    return made;
}

constexpr bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

c_type type_of(const pybuffer_item &item)
{
    const std::string bits = std::to_string(8 * item.itemsize);
    c_type found;
    found.alignment = item.itemsize;
    switch (item.kind) {
    case PYBUFFER_KIND_SIGNED: found.name = "int" + bits + "_t"; break;
    case PYBUFFER_KIND_UNSIGNED: found.name = "uint" + bits + "_t"; break;
    case PYBUFFER_KIND_BOOL: found.name = "_Bool"; break;
    case PYBUFFER_KIND_CHAR: found.name = "char"; break;
    case PYBUFFER_KIND_FLOAT:
        if (item.itemsize == 2) return {"uint16_t", 2, "a half-precision float"};
        found.name = item.itemsize == 4 ? "float" : item.itemsize == 8 ? "double" : "long double";
        break;
    case PYBUFFER_KIND_COMPLEX:
        if (item.itemsize == 4) return {"uint16_t", 2, "a complex number of halves"};
        found.alignment = item.itemsize / 2;
        found.name = item.itemsize == 8 ? "float _Complex" : item.itemsize == 16 ? "double _Complex" : "long double _Complex";
        break;
    case PYBUFFER_KIND_BYTES: return {"char", 1, ""};
    case PYBUFFER_KIND_PASCAL: return {"unsigned char", 1, "the first byte is the length in use"};
    case PYBUFFER_KIND_TEXT: {
        const bool is_wide = item.itemsize == 4 * item.length;
        found = {is_wide ? "uint32_t" : "uint16_t", is_wide ? 4 : 2, is_wide ? "UCS-4" : "UCS-2"};
        break;
    }
    case PYBUFFER_KIND_POINTER:
    case PYBUFFER_KIND_OBJECT:
        found.name = "void *";
        found.note = item.kind == PYBUFFER_KIND_OBJECT ? "PyObject *" : item.nfields > 0 ? "the address of " + item_format(*item.fields) : "";
        return found;
    case PYBUFFER_KIND_FUNCTION: found.name = "void"; return found;
    default: return {"unsigned char", 1, ""};
    }
    if (item.itemsize > 1 && (item.byteorder == '<') != is_little) {
        found.note += (found.note.empty() ? "" : ", ") + std::string(item.byteorder == '<' ? "little-endian" : "big-endian");
    }
    return found;
}

/** What follows the name: the axes of a sub-array, and the units of an element that has several. */
std::string axes_text(const pybuffer_item &item)
{
    std::string text;
    for (Py_ssize_t axis = 0; axis < item.ndim; axis++) text += "[" + std::to_string(item.shape[axis]) + "]";
    const bool is_bytes = item.kind == PYBUFFER_KIND_BYTES || item.kind == PYBUFFER_KIND_PASCAL || item.kind == PYBUFFER_KIND_PAD;
    if (is_bytes || (item.kind == PYBUFFER_KIND_TEXT && item.length != 1)) text += "[" + std::to_string(item.length) + "]";
    if (item.kind == PYBUFFER_KIND_COMPLEX && item.itemsize == 4) text += "[2]";
    return text;
}

/** The alignment that C gives to an item, and whether it lays out a record as the format does. */
struct natural {
    Py_ssize_t alignment = 1;
    bool is_plain = true;
};

natural natural_of(const pybuffer_item &item, Py_ssize_t itemsize)
{
    if (item.kind != PYBUFFER_KIND_RECORD) return {type_of(item).alignment, true};
    natural all;
    Py_ssize_t at = 0;
    for (const pybuffer_item *field : fields_of(item)) {
        if (field->kind == PYBUFFER_KIND_BITS || bytes_of(*field) == 0) {
            all.is_plain = false;
            continue;
        }
        const natural one = natural_of(*field, field->itemsize);
        // A packed struct has the alignment 1.
        const Py_ssize_t alignment = one.is_plain ? one.alignment : 1;
        at = (at + alignment - 1) / alignment * alignment;
        all.is_plain = all.is_plain && at == field->offset;
        all.alignment = std::max(all.alignment, alignment);
        at = field->offset + bytes_of(*field);
    }
    all.is_plain = all.is_plain && (at + all.alignment - 1) / all.alignment * all.alignment == itemsize;
    return all;
}

std::string note_text(const std::string &note) { return note.empty() ? "" : " /* " + note + " */"; }

std::string struct_text(const pybuffer_item &item, Py_ssize_t itemsize, const std::string &indent);

/** A declaration without its semicolon: "double y[2][3]". */
std::string declared(const pybuffer_item &item, const std::string &name, const std::string &indent)
{
    if (item.kind == PYBUFFER_KIND_RECORD) return struct_text(item, item.itemsize, indent) + " " + name + axes_text(item);
    if (item.kind == PYBUFFER_KIND_FUNCTION) return "void (*" + name + axes_text(item) + ")(void)";
    const std::string type = type_of(item).name;
    return type + (type.back() == '*' ? "" : " ") + name + axes_text(item);
}

/** A note may quote a name of the file's. */
std::string comment_safe(const std::string &text)
{
    std::string out = printable(text);
    for (std::size_t at = 0; (at = out.find("*/", at)) != std::string::npos;) out.replace(at, 2, "*_");
    for (std::size_t at = 0; (at = out.find("/*", at)) != std::string::npos;) out.replace(at, 2, "_*");
    for (std::size_t at = 0; (at = out.find('\\', at)) != std::string::npos;) out.replace(at, 1, "_");
    return out;
}

std::string struct_text(const pybuffer_item &item, Py_ssize_t itemsize, const std::string &indent)
{
    const natural how = natural_of(item, itemsize);
    const std::string deeper = indent + "    ";
    std::string text = how.is_plain ? "struct {\n" : "struct __attribute__((packed)) {\n";
    names used;
    const auto fields = fields_of(item);
    Py_ssize_t end = 0, bits_end = 0;
    int pads = 0;
    const auto pad = [&](Py_ssize_t to) {
        if (to <= end || how.is_plain) return;
        const std::string name = "pad" + std::to_string(pads++);
        text += deeper + "unsigned char " + identifier(name, used) + "[" + std::to_string(to - end) + "];\n";
    };
    for (std::size_t i = 0; i < fields.size(); i++) {
        const pybuffer_item &field = *fields[i];
        if (field.kind == PYBUFFER_KIND_BITS) {
            // Fields of bits that share a byte are one member.
            if (i > 0 && fields[i - 1]->kind == PYBUFFER_KIND_BITS && field.offset < bits_end) continue;
            bits_end = field.offset + bytes_of(field);
            std::string note;
            for (std::size_t k = i; k < fields.size() && fields[k]->kind == PYBUFFER_KIND_BITS; k++) {
                if (k > i && fields[k]->offset >= bits_end) break;
                bits_end = std::max(bits_end, fields[k]->offset + bytes_of(*fields[k]));
                note += (k > i ? ", " : "") + std::string(fields[k]->name != nullptr ? fields[k]->name : "unnamed") + ": " +
                        kind_text(*fields[k]);
            }
            pad(field.offset);
            text += deeper + "unsigned char " + identifier("bits", used) + "[" + std::to_string(bits_end - field.offset) + "];" +
                    note_text(comment_safe(note)) + "\n";
            end = bits_end;
            continue;
        }
        if (bytes_of(field) == 0) {
            text += deeper + note_text(comment_safe((field.name != nullptr ? field.name : "a field") + std::string(" of no bytes"))).substr(1) + "\n";
            continue;
        }
        pad(field.offset);
        const std::string name = identifier(field.name != nullptr ? std::string(field.name) : "f" + std::to_string(i), used);
        std::string note = comment_safe(type_of(field).note);
        if (field.name != nullptr && name != field.name) {
            note += (note.empty() ? "" : ", ") + ("named " + comment_safe(field.name));
        }
        text += deeper + declared(field, name, deeper) + ";" + note_text(note) + "\n";
        end = field.offset + bytes_of(field);
    }
    pad(itemsize);
    return text + indent + "}";
}

} // namespace

std::string c_declaration(const pybuffer_item &item, Py_ssize_t itemsize)
{
    if (itemsize == 0) return "/* no bytes */\n";
    const std::string size = "_Static_assert(sizeof(item) == " + std::to_string(itemsize) + ", \"the size of the format\");\n";
    std::string note;
    if (item.kind != PYBUFFER_KIND_RECORD) note = comment_safe(type_of(item).note);
    const bool is_bits = item.kind == PYBUFFER_KIND_BITS;
    return "typedef " + (is_bits ? "unsigned char item[" + std::to_string(itemsize) + "]" : declared(item, "item", "")) + ";" +
           note_text(note) + "\n" + size;
}

} // namespace tool
