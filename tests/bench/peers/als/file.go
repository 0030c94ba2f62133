package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
)

// readInto fills a slice of fixed-size values from a little-endian file.
func readInto(path string, values any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := binary.Read(bufio.NewReaderSize(file, 1<<20), binary.LittleEndian, values); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeValues writes a slice of fixed-size values, little-endian.
func writeValues(path string, values any) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	if err := binary.Write(w, binary.LittleEndian, values); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Close()
}
