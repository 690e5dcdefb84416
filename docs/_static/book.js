// A click on a picture or plot shows it in full size, in a tab of its own.
document.addEventListener("click", (event) => {
  const picture = event.target.closest?.(".cell_output img");
  if (picture) window.open(picture.src, "_blank");
});
