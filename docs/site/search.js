// Finds names, headings and pages: those that start with the words first.
const input = document.getElementById("search"), found = document.getElementById("found");
input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(word => word);
    const hits = index.filter(([title, , of]) => words.every(word => (title + " " + of).toLowerCase().includes(word)));
    hits.sort((a, b) => b[0].toLowerCase().startsWith(words[0]) - a[0].toLowerCase().startsWith(words[0]) || a[0].length - b[0].length);
    found.replaceChildren(...(words.length ? hits.slice(0, 30) : []).map(([title, url, of]) => {
        const item = document.createElement("li"), link = document.createElement("a");
        link.href = url;
        link.textContent = title;
        item.append(link, of ? " " + of : "");
        return item;
    }));
});
if (window.matchMedia("(max-width: 60em)").matches) document.querySelector(".menu").open = false;
