"""Git: read files at a revision, commit by compare-and-swap, serve and check pushes; the same in memory.

What the files mean does not come in here: whoever builds the room gives it a validator. Of Lockgate it knows only
`ports` and `domain`.
"""
