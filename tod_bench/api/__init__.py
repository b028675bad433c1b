"""The functions behind ``import tod_bench``: a verb of the command line each, with typed results.

They open what is named, call the room that does the work, and return what the verb prints.
"""
