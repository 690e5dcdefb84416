// A click on a picture or plot shows it in full size, in a tab of its own.
document.addEventListener("click", (event) => {
  const picture = event.target.closest?.(".cell_output img");
  if (picture) window.open(picture.src, "_blank");
});

// What a search shows of a page is its text, without the buttons and the contents around it.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const textOf = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const around = ".bd-header-article, .bd-sidebar-secondary, #jb-print-docs-body, .prev-next-footer";
    page.querySelectorAll(around).forEach((each) => each.remove());
    return textOf(page.documentElement.outerHTML, anchor);
  };
});
