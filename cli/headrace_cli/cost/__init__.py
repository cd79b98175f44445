"""`headrace cost`: what the engine costs, what the machines cost, and which numbers are not certain.

prices.py    one table of prices, each with its source and whether that confirms it
engine.py    what tasks make of transitions, calls, units; dollars of them
compute.py   machine hours of attempts; dollars of them
of_run.py    a finished run, read from the ledger and Batch
"""
