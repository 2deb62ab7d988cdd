// The elements of an item, in memory order: what a drawing shows of it.
#ifndef TOOLS_LEAVES_HPP
#define TOOLS_LEAVES_HPP

#include <string>
#include <vector>

#include "picture.hpp"
#include "text.hpp"

namespace tool {

/** An element of an item, with where it is. */
struct leaf {
    Py_ssize_t at, size;
    std::string name;
    const pybuffer_item *item; // NULL: padding, or what is left out
    cell::kind is;
};

/** At most so many elements of an item, and paddings, are shown. */
constexpr std::size_t most_leaves = 24;

/** Elements of a sub-array that are shown, if there are more: the first few, and the last. */
constexpr Py_ssize_t most_elements = 8, first_elements = 3;

/** Finds them: `list`. */
class leaves_of_item {
public:
    explicit leaves_of_item(const pybuffer_item &root, Py_ssize_t itemsize)
    {
        add_item(root, 0, "");
        pad(itemsize);
        if (is_full_) list.back().size = itemsize - list.back().at;
    }

    std::vector<leaf> list;

private:
    void add(const leaf &one)
    {
        if (one.size == 0 || is_full_ || one.at < end_) return; // bits of a byte that is there
        pad(one.at);
        push(one);
    }

    /** Adds what follows the last leaf, or, where there are many, one for all the rest. */
    void push(const leaf &one)
    {
        if (is_full_) return;
        is_full_ = list.size() == most_leaves;
        list.push_back(is_full_ ? leaf{one.at, 0, "", nullptr, cell::kind::hidden} : one);
        end_ = one.at + one.size;
    }

    void pad(Py_ssize_t to)
    {
        if (to > end_) push({end_, to - end_, "", nullptr, cell::kind::padding});
    }

    void add_item(const pybuffer_item &item, Py_ssize_t at, const std::string &name)
    {
        if (item.kind == PYBUFFER_KIND_BITS) {
            add({at, bytes_of(item), name, &item, cell::kind::element});
            return;
        }
        for (Py_ssize_t i = 0; i < item.elements && !is_full_; i++, at += item.itemsize) {
            if (item.elements > most_elements && i == first_elements) {
                const Py_ssize_t skipped = item.elements - 1 - i;
                add({at, skipped * item.itemsize, "", nullptr, cell::kind::hidden});
                i += skipped;
                at += skipped * item.itemsize;
            }
            const std::string numbered = item.ndim == 0 ? name : name + "[" + index_text(item, i) + "]";
            if (item.kind != PYBUFFER_KIND_RECORD) {
                add({at, item.itemsize, numbered, &item, cell::kind::element});
                if (item.itemsize == 0) break;
                continue;
            }
            int number = 0;
            for (const pybuffer_item *field : fields_of(item)) {
                if (is_full_) return;
                const std::string own = field->name != nullptr ? printable(field->name) : "#" + std::to_string(number);
                add_item(*field, at + field->offset, numbered.empty() ? own : numbered + "." + own);
                number++;
            }
            pad(at + item.itemsize);
            if (item.itemsize == 0) break;
        }
    }

    static std::string index_text(const pybuffer_item &item, Py_ssize_t number)
    {
        std::string text;
        for (Py_ssize_t axis = item.ndim; axis-- > 0;) {
            text.insert(0, std::to_string(number % item.shape[axis]) + (text.empty() ? "" : ","));
            number /= item.shape[axis];
        }
        return text;
    }

    Py_ssize_t end_ = 0;
    bool is_full_ = false;
};

} // namespace tool

#endif
